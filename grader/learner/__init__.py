"""A learner's workspace, journal and watch."""
