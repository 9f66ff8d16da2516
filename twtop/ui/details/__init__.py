"""The view of one socket: all that is known of it."""
