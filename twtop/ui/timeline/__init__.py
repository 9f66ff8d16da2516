"""The time line: the last minutes while collecting goes on, and recordings."""
