"""Real sockets in every TCP state, inside private network namespaces: for demo, tests and measurements."""
