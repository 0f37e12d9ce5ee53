"""The command line: parse, call, exit code. Each command is a module of its own, which is imported when it runs."""
