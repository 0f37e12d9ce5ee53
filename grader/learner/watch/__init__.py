"""`grade watch`: grade on every save, in one view."""
