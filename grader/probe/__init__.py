"""The two ends of the pipe that the grader holds: the client's and the upstream's, both recorded."""
