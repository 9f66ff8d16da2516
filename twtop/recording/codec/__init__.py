"""Snapshots as bytes, and back."""
