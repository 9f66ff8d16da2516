"""The pure heart of twtop: no I/O, no clock, no screen."""
