"""Closing sockets from the screen: the key, the dialog, and what came of it."""
