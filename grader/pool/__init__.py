"""Many grades: each in a process of its own, so many at a time."""
