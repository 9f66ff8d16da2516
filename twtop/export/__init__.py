"""What the commands print: a snapshot, a module per format, and findings."""
