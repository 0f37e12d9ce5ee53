"""Reports: one module a format. They know the model, and nothing of how an app is graded."""
