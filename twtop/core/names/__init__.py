"""Names for addresses and ports: labels of the user's own, services, hosts, and masks that hide them."""
