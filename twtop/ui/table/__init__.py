"""The table of groups and sockets, its titles, and what is said and copied of a line."""
