"""Addresses behind pseudonyms, for those who look on."""
