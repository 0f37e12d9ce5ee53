"""Which katas there are, and what each is made of."""
