"""What is kept of looks at the kernel: in memory for the last minutes, and in a file."""
