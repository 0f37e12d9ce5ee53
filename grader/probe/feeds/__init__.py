"""Readers of a response's body, item by item: its media type decides which."""
