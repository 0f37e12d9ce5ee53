"""What an instructor hands out: packs of katas, a repository of their own, recipes for CI."""
