"""Snapshots of network namespaces that twtop need not be in."""
