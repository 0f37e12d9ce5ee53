"""A class of kata 1, as a teacher gets it: how long it takes, and what each grade costs.

    python benchmarks/class_of_students.py [SUBMISSIONS ...]

For each number (300): a third of the submissions is right, a third wrong; the others are stubs, broken files, hangs at
import, endless loops, forkers, and such as print, allocate or exit. Processor time is that of everything that was
started, memory the largest of the process that has the ledger.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
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
        began = time.monotonic()
        command = [sys.executable, "-m", "grader", "class", "class", "--kata", KATA.id, "--out", "results"]
        around = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": place}
        process = psutil.Popen(command, cwd=place, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        used, memory = _watched(process)
        seconds = time.monotonic() - began
    print(
        f"{count:7} submissions: exit code {process.returncode}, {seconds:6.1f} s, {count / seconds:5.2f} a second, "
        f"{used / count:.2f} s of processor time each, {memory / 1e6:.0f} MB"
    )


def _watched(process: psutil.Popen) -> tuple[float, int]:
    """Seconds of processor time of all that it started, and the most memory of the process itself, until its end."""
    used, memory = 0.0, 0
    while process.poll() is None:
        with suppress(psutil.Error):
            memory = max(memory, process.memory_info().rss)
            times = [each.cpu_times() for each in [process, *process.children(recursive=True)]]
            used = max(used, sum(each.user + each.system + each.children_user + each.children_system for each in times))
        with suppress(psutil.TimeoutExpired):
            process.wait(0.5)
    return used, memory


def main() -> None:
    for count in map(int, sys.argv[1:] or ["300"]):
        measure(count)


if __name__ == "__main__":
    main()
