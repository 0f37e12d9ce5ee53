"""Is a kata sound and fair? Its reference apps are graded, and the verdicts compared with what they must be."""
