"""How it is found out, beside the screen, who holds which socket."""
