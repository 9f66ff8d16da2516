"""The view of the kernel's counters."""
