"""`grade watch`: grade on every save, in one calm view."""
