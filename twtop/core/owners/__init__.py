"""Whose a socket is: processes, users, units and containers, also of sockets that outlived them."""
