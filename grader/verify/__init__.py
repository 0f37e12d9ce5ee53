"""Is a kata sound and fair? Apps of which one knows whether they are right are graded, and the verdicts compared."""
