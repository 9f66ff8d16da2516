"""The Textual application: one module per panel, one per screen."""
