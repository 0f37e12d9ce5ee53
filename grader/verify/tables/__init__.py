"""What `grade verify` prints: one table a module."""
