"""Many grades, each in a process of its own."""
