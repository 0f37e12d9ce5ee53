"""`python -m grader` is the same as `grade`."""

from __future__ import annotations

from stream_katas import command

if __name__ == "__main__":
    command()
