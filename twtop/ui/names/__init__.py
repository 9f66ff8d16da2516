"""Names of hosts on the screen, when the user asks for them."""
