"""Two marks on the time line, and the view of what happened between them."""
