"""What happened between two moments: for the screen, as a table, and as JSON."""
