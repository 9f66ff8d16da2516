"""Sockets grouped, measured and laid out in lines: what the table and the exports show."""
