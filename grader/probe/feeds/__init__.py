"""How the body of a response is read, item by item: as its media type says."""
