"""`grade class`: one module for each of its commands."""
