"""Proves that a kata is sound and fair: grades its reference apps, and compares the verdicts with the right ones."""
