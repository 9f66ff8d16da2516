"""What is wrong with the connections of this host, or about to be: rules, each with its words."""
