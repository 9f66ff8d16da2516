"""The file of options: where it is, what it says, what is wrong with it, and how the view is saved to it."""
