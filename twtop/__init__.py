"""twtop: top for TCP connection states."""

__version__ = "0.1.0"
