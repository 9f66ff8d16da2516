"""What comes with the program: completion for shells, the man page, units for systemd."""
