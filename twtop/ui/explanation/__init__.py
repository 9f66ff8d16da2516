"""The pane that explains what is under the cursor, and the same over the whole screen."""
