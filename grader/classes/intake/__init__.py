"""What students handed in, in the forms in which platforms give it out, as private copies that can be graded."""
