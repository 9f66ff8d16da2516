"""Whose sockets are, on the screen."""
