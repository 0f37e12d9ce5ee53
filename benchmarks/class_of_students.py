"""A class of kata 1, as a teacher gets it: how long it takes, and what each grade costs.

    python benchmarks/class_of_students.py [SUBMISSIONS ...]

For each number (300): a third of the submissions is right, a third wrong; the others are stubs, broken files, hangs at
import, endless loops, forkers, and such as print, allocate or exit. Processor time is that of everything that was
started, memory the largest of the process that has the ledger.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from grader.catalog.packs import bundled

ROOT = Path(__file__).resolve().parents[1]
KATA = bundled()[0]
STUB = KATA.stub.read_text("utf-8")
FORKS = "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        time.sleep(600)\n"
ODD = (
    *(STUB, "x = (\n", "import time\ntime.sleep(600)\n", STUB, "while True: pass\n", FORKS + STUB, ""),
    *(
        "raise SystemExit(3)\n",
        "import nothing_of_this_name\n",
        f"print('a' * 10_000_000)\n{STUB}",
        "x = [0] * 10**10\n",
    ),
)


def make(folder: Path, count: int) -> None:
    """Write so many submissions, no two of them equal, except those that are empty."""
    right = [KATA.solutions / KATA.entry[0], *sorted((KATA.solutions / "variants").glob("*.py"))]
    wrong = sorted((KATA.solutions / "wrong").glob("*.py"))
    for number in range(count):
        which, kind = divmod(number, 3)
        texts = (right[which % len(right)], wrong[which % len(wrong)])
        text = texts[kind].read_text("utf-8") if kind < len(texts) else ODD[which % len(ODD)]
        file = folder / f"s{number:05}" / "app.py"
        file.parent.mkdir(parents=True)
        file.write_text(text and f"{text}\n# {number}\n", "utf-8")


def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        make(Path(place, "class"), count)
        began, used = time.monotonic(), _idle()
        command = [sys.executable, "-m", "grader", "class", "class", "--kata", KATA.id, "--out", "results"]
        around = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": place}
        process = subprocess.Popen(command, cwd=place, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.communicate()
        seconds, busy = time.monotonic() - began, _idle() - used
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    cores = psutil.cpu_count() or 1
    print(
        f"{count:7} submissions: exit code {process.returncode}, {seconds:6.1f} s, {count / seconds:5.2f} a second,",
        end=" ",
    )
    print(f"{(seconds * cores - busy) / count:.2f} s of processor time each on an idle machine, {memory} MiB")


def _idle() -> float:
    """Seconds in which processors of this machine had nothing to do."""
    times = psutil.cpu_times()
    return float(times.idle + getattr(times, "iowait", 0.0))


def main() -> None:
    for count in map(int, sys.argv[1:] or ["300"]):
        measure(count)


if __name__ == "__main__":
    main()
