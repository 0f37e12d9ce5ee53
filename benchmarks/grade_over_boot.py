"""The time of a grade, compared with a boot of the app. Ratios taken in one run, interleaved, medians.

    python benchmarks/grade_over_boot.py [RUNS]

For each kata: a bare `python -m uvicorn` of the solution up to its first answer; `grade` on the solution; `grade` on
the stub. Both sides get a listening socket handed down, so that neither races for a port or polls. Peak memory is
sampled over the whole process tree, in runs of its own.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled

ROOT = Path(__file__).resolve().parent.parent


def bare_boot(app: Path) -> None:
    """Start uvicorn as a person would, and wait for its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "--fd", str(listener.fileno()), "--app-dir", str(app.parent)]
        command += ["--loop", "asyncio", "--http", "h11", "--log-level", "critical", f"{app.stem}:app"]
        server = subprocess.Popen(command, pass_fds=[listener.fileno()])
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 ")
    server.kill()
    server.wait()


def grade(kata: Kata, app: Path) -> subprocess.Popen[bytes]:
    """Start `grade` on an app; the caller waits."""
    command = [sys.executable, "-m", "grader", str(kata.folder), "--app", str(app)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak_memory(process: subprocess.Popen[bytes]) -> float:
    """MiB of resident memory that the process and all below it held at once, at most, as far as sampling sees."""
    peak = 0
    while process.poll() is None:
        try:
            top = psutil.Process(process.pid)
            peak = max(peak, sum(one.memory_info().rss for one in [top, *top.children(recursive=True)]))
        except psutil.Error:
            continue
    return peak / (1 << 20)


def measure(kata: Kata, runs: int) -> None:
    solution = kata.solutions / kata.entry[0]
    work: dict[str, Callable[[], object]] = {
        "bare": lambda: bare_boot(solution),
        "solution": lambda: grade(kata, solution).wait(),
        "stub": lambda: grade(kata, kata.stub).wait(),
    }
    for one in work.values():
        one()  # caches warm for all alike
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(runs):
        for name, one in work.items():
            times[name].append(seconds(one))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    memory = peak_memory(grade(kata, solution))
    print(
        f"{kata.id:8} {medians['bare']:7.3f} s {medians['solution']:7.3f} s {medians['stub']:7.3f} s"
        f" {medians['solution'] / medians['bare']:9.2f} {medians['stub'] / medians['bare']:7.2f} {memory:10.0f} MiB"
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    print(f"medians of {runs} interleaved runs on {psutil.cpu_count()} cores")
    print("kata        bare   solution      stub   solution/bare stub/bare  peak memory")
    for kata in bundled():
        measure(kata, runs)


if __name__ == "__main__":
    main()
