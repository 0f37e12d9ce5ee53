"""The main path: one app, one specification, one report."""
