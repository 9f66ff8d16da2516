"""Two moments side by side: what grew, appeared and vanished between them."""
