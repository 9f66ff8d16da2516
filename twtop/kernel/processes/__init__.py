"""Processes: which sockets they hold, what else they are, and why some cannot be read."""
