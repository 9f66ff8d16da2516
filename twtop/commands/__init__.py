"""What each command of the command line does; the arguments are those that `twtop.cli` parsed."""
