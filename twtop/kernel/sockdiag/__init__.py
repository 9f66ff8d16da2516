"""TCP sockets over netlink: lists of them, one of them in full, and the end of one."""
