"""A signal ends the process from wherever it is, after what has to end first; nothing is raised that could be lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import DEADLINE, ROOT, environment

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WORDS = {signal.SIGINT: "interrupted"}


def end(source: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a process that ends on signals and runs ``source``."""
    prelude = "import signal, sys, threading\nfrom grader.interrupt import *\nend_on_signals()\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(source)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def tell(word: str) -> str:
    return f"lambda: print({word!r}, flush=True)"


@pytest.mark.parametrize("number", SIGNALS)
def test_each_signal_ends_the_process_as_shells_expect(number: signal.Signals) -> None:
    done = end(f"signal.raise_signal({int(number)})\nprint('still here')")
    assert done.returncode == 128 + number
    assert done.stdout == ""
    assert done.stderr == f"grade: {WORDS.get(number, 'terminated')}; nothing was graded.\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(number: signal.Signals) -> None:
    """As `nohup grade kata-1`, and `grade kata-1 &` in a script, ask for it."""
    source = f"""
        signal.signal({int(number)}, signal.SIG_IGN)
        end_on_signals()
        signal.raise_signal({int(number)})
        print("still here")
    """
    done = end(source)
    assert (done.returncode, done.stdout) == (0, "still here\n")


@pytest.mark.parametrize(
    "place",
    [
        "try: signal.raise_signal(SIGTERM)\nexcept BaseException: print('caught')",
        "class It:\n    def __del__(self): signal.raise_signal(SIGTERM)\nit = It()\ndel it",
        "class It:\n    def __set_name__(self, owner, name): signal.raise_signal(SIGTERM)\nclass Its: it = It()",
        "import weakref\nclass It: 0\nit = It()\nr = weakref.ref(it, lambda _: signal.raise_signal(SIGTERM))\ndel it",
        "lock = threading.Lock()\nwith lock: signal.raise_signal(SIGTERM)",
    ],
    ids=["try", "finaliser", "class", "weak reference", "lock"],
)
def test_it_cannot_be_lost_anywhere(place: str) -> None:
    done = end(f"from signal import SIGTERM\n{place}\nprint('still here')")
    assert (done.returncode, done.stdout) == (143, "")


def test_what_has_to_end_ends_first_and_the_latest_of_it_foremost() -> None:
    done = end(
        f"""
        on_end({tell("first")})
        on_end({tell("second")})()
        on_end({tell("third")})
        on_end(lambda: 1 / 0)
        signal.raise_signal(signal.SIGINT)
        """
    )
    assert done.stdout.split() == ["third", "first"]
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_second_signal_does_not_cut_the_endings_short() -> None:
    done = end(
        f"""
        on_end({tell("ended")})
        on_end(lambda: signal.raise_signal(signal.SIGTERM))
        signal.raise_signal(signal.SIGINT)
        """
    )
    assert (done.returncode, done.stdout) == (130, "ended\n")


def test_a_second_ctrl_c_does_not_wait_for_an_ending_that_hangs() -> None:
    done = end(
        """
        on_end(lambda: (signal.raise_signal(signal.SIGINT), threading.Event().wait()))
        signal.raise_signal(signal.SIGINT)
        """
    )
    assert done.returncode == -signal.SIGINT


def test_what_must_not_stop_half_way_is_finished() -> None:
    done = end(
        """
        with postponed():
            with postponed():
                signal.raise_signal(signal.SIGTERM)
            print("finished", flush=True)
        print("still here", flush=True)
        """
    )
    assert (done.returncode, done.stdout) == (143, "finished\n")


def test_what_another_thread_has_begun_is_finished_and_nothing_new_is_begun() -> None:
    done = end(
        """
        begun, came = threading.Event(), threading.Event()

        def work():
            with postponed():
                begun.set()
                came.wait()
                print("finished", flush=True)
            print("still here", flush=True)

        def more():
            came.wait()
            with postponed():
                print("something new", flush=True)

        for task in (work, more):
            threading.Thread(target=task, daemon=True).start()
        begun.wait()
        signal.raise_signal(signal.SIGTERM)
        came.set()
        threading.Event().wait()
        """
    )
    assert (done.returncode, done.stdout) == (143, "finished\n")
