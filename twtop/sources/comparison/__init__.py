"""What is kept of two looks at the kernel, and how they differ."""
