"""The state diagram of RFC 9293, alive: how many sockets are in each state, and how many move."""
