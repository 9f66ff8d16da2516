"""The panel that shows how the group under the cursor drains."""
