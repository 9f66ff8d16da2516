"""Network namespaces: found, chosen, held and entered."""
