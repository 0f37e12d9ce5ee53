"""Stream Katas: a grader that holds both ends of the pipe."""

__version__ = "0.1.0"
