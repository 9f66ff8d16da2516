"""Ephemeral ports: how many are in use where it counts, since when, and for how long."""
