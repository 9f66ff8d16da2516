"""All network namespaces with their totals, to look at one of them alone or at all."""
