"""What is wrong or about to be: a few lines on the main screen, and a view of its own."""
