"""The words and facts of the explanations, as data."""
