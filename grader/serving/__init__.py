"""The app as a process: how it is started, reached and ended."""
