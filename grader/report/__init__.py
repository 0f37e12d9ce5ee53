"""A report as text, one format a module. Formats know the model, and nothing of how a grade comes about."""
