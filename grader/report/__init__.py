"""Reports: one module a format. They use the model, and no code that grades an app."""
