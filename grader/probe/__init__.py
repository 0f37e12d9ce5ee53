"""The two ends that the grader plays, client and upstream. What happens at both is recorded."""

import sys

# httpx tries to import its command line, which needs rich's progress bars and pygments: a third of its import. With
# None here that import fails (Python's language reference, 5.3.1), and httpx does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
