"""The terminal: what it can show, what has been written to it, and how it is left behind.

Import from the submodules: `driver` and `run` cost the import of Textual, `capabilities` does not.
"""
