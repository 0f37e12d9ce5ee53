"""The two ends that the grader plays, client and upstream. What happens at both is recorded."""
