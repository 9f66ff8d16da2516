"""One socket in full: what it is asked for by, what was told of it, and the words for that."""
