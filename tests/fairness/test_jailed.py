"""Right apps that use the machine get full marks in a jail, too."""

from __future__ import annotations

import os
import socket
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grader.catalog.packs import bundled
from grader.serving.jail.plan import Tier
from tests.serving.jail import offers

if TYPE_CHECKING:
    from tests.conftest import Grade

KATA = next(iter(bundled()))

#: What an app does when it is imported; a submission may do these as well.
OF_ANYBODY = {
    "a log beside the app": """
        import logging, pathlib
        logging.basicConfig(filename=pathlib.Path(__file__).with_name("app.log"), force=True)
        logging.getLogger().warning("starts")
    """,
    "a database beside the app": """
        import sqlite3
        with sqlite3.connect("items.db") as database:
            database.execute("create table if not exists items (item)")
            database.execute("insert into items values (1)")
    """,
    "temporary files": """
        import shutil, tempfile
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(".", folder, dirs_exist_ok=True)
        tempfile.SpooledTemporaryFile(max_size=1).write(b"xx")
    """,
    "a cache in the home folder": """
        import pathlib
        cache = pathlib.Path.home() / ".cache" / "stream-katas-test"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "file").write_text("x")
        (cache / "file").unlink()
        cache.rmdir()
    """,
    "a program": """
        import subprocess, sys
        assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
        sleeping = subprocess.Popen(["sleep", "1000"])
        sleeping.terminate()
        assert sleeping.wait() == -15
    """,
    "facts about the machine": """
        import getpass, mimetypes, os, platform, socket, time, zoneinfo
        zoneinfo.ZoneInfo("Europe/Berlin"), time.tzset(), mimetypes.guess_type("a.html"), platform.platform()
        os.cpu_count(), os.getloadavg(), socket.gethostname(), os.sched_getaffinity(0), os.get_terminal_size
    """,
    "threads": """
        import threading
        threads = [threading.Thread(target=print) for _ in range(50)]
        [thread.start() for thread in threads], [thread.join() for thread in threads]
    """,
}
#: What a learner's own app may do, and a submission may not.
OF_ONES_OWN = {
    "a configuration in the home folder": """
        import pathlib
        assert (pathlib.Path.home() / ".config" / "name").read_text() == "ada"
    """,
    "settings in the folder above": """
        import pathlib
        assert pathlib.Path("../.env").read_text() == "KEY=1"
    """,
    "a database on another port": """
        import os, socket
        with socket.create_connection(("127.0.0.1", int(os.environ["DATABASE"]))) as connection:
            assert connection.recv(5) == b"hello"
    """,
    "a datagram": """
        import socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"metric", ("127.0.0.1", 9))
    """,
}
POOL = """
    from concurrent.futures import ProcessPoolExecutor
    import multiprocessing
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(abs, -1).result() == 1
"""


def app_that(folder: Path, *does: str) -> str:
    source = (KATA.solutions / "app.py").read_text("utf-8")
    (folder / "ada").mkdir()
    file = folder / "ada" / "app.py"
    file.write_text("\n".join([source, *map(textwrap.dedent, does)]), "utf-8")
    return str(file)


def full_marks(grade: Grade, file: str, *options: str, **variables: str) -> None:
    done = grade(KATA.id, "--app", file, *options, json_report=True, **variables)
    assert done.report["boot_failure"] is None, done.out
    assert {check: outcome for check, outcome in done.outcomes().items() if outcome != "passed"} == {}, done.out


@pytest.fixture
def database() -> str:
    """The port of a server that says hello."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.sendall(b"hello")

    threading.Thread(target=serve, daemon=True).start()
    return str(listener.getsockname()[1])


@pytest.mark.parametrize("what", ["everything", *[pytest.param(name, marks=pytest.mark.long) for name in OF_ANYBODY]])
@pytest.mark.parametrize("tier", [Tier.A, Tier.C], ids=str)
def test_a_submission_uses_what_it_needs(tier: Tier, what: str, tmp_path: Path, grade: Grade) -> None:
    offers.tier(tier)
    does = OF_ANYBODY.values() if what == "everything" else [OF_ANYBODY[what]]
    full_marks(grade, app_that(tmp_path, *does), "--submission", "--jail", tier.value)


def test_a_submission_has_worker_processes_in_tier_a(tmp_path: Path, grade: Grade) -> None:
    offers.tier(Tier.A)
    full_marks(grade, app_that(tmp_path, POOL), "--submission", "--jail", "A")


def test_ones_own_app_uses_the_machine(tmp_path: Path, grade: Grade, database: str) -> None:
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    (home / ".config" / "name").write_text("ada", "utf-8")
    (home / ".cache").mkdir()
    (tmp_path / ".env").write_text("KEY=1", "utf-8")
    file = app_that(tmp_path, *OF_ANYBODY.values(), *OF_ONES_OWN.values(), POOL)
    full_marks(grade, file, "--env", f"DATABASE={database}", HOME=str(home), TMPDIR=os.environ.get("TMPDIR", "/tmp"))
