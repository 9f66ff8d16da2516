"""The panel that plots ephemeral ports."""
