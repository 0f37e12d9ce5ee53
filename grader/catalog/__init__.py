"""The katas that exist, and their parts."""
