"""What closing sockets from outside means: what happens to each, what is left out, what came of it."""
