"""Looks as a stream of records: one format per module, each a class whose `texts` are one look."""
