"""Frames from a recording instead of the kernel."""
