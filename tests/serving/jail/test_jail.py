"""Each thing that a jail forbids works without it, and is refused in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from grader.serving.jail.plan import Canary, Plan, Tier
from tests.conftest import DEADLINE, ROOT
from tests.serving.jail import attempts, offers, system_v
from tests.serving.jail.attempts import Targets

#: What a learner's own app may do: it uses what they use.
ALLOWED_TO_ONES_OWN = {
    *("reads a file of the home folder", "reads a neighbour's file", "reads another command line"),
    "watches a neighbour's folder",
    *("connects to another server", "connects by sending", "connects to a socket by its path"),
    *("reconnects one of a pair", "reconnects a raw one of a pair", "listens without an address"),
    *("makes a datagram socket", "makes a socket of many paths"),
    *("makes memory without a name", "makes memory that outlives it", "makes a socket larger"),
    *("sends to a queue by its number", "takes from a queue by its number", "looks at a queue by its number"),
    *("takes memory by its number", "looks at memory by its number", "uses a semaphore by its number"),
    *("waits for a semaphore by its number", "looks at a semaphore by its number"),
}
#: In namespaces of its own these reach nothing of anybody else's: the home folder is an empty one that vanishes, and
#: nobody else is in its network.
HARMLESS_ALONE = {"makes a file in the home folder", "listens without an address"}
#: Not every machine has them to be forbidden.
UNCERTAIN = {
    *("makes a namespace", "uses io_uring", "adds an attribute", "makes a socket of many paths", "makes a raw socket"),
    *("connects by sending", "opens a file by its inode"),
}
NAMES = list(attempts.attempts(Targets("", "", "", 0, 0, "", "", "", 0, 0, 0)))


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Targets]:
    # Not below the folder for temporary files, in which a learner's own app may do as it likes.
    with ExitStack() as stack:
        place = Path(stack.enter_context(offers.folder_elsewhere()))
        for name in ("home/file", "class/bea/app.py", "spec/test_secret.py", "class/ada/app.py"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("x = 1\n", "utf-8")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract, path = uuid.uuid4().hex, str(place / "class" / "socket")
        for kind, address in (
            (socket.SOCK_STREAM, f"\0{abstract}"),
            (socket.SOCK_STREAM, path),
            (socket.SOCK_DGRAM, f"{path}.datagrams"),
        ):
            one = stack.enter_context(socket.socket(socket.AF_UNIX, kind))
            one.bind(address)
            if kind == socket.SOCK_STREAM:
                one.listen()
        shared = stack.enter_context(system_v.shared())
        victim = stack.enter_context(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        stack.callback(victim.kill)
        yield Targets(
            secret=str(place / "spec/test_secret.py"),
            home=str(place / "home"),
            neighbour=str(place / "class/bea/app.py"),
            process=victim.pid,
            port=listener.getsockname()[1],
            abstract=abstract,
            path=path,
            marker=f"marker-{uuid.uuid4().hex}",
            **shared._asdict(),
        )


def worked(at: Targets, tier: Tier, *, is_strict: bool) -> set[str]:
    """The attempts that work in a jail of this tier."""
    place = Path(at.home).parent
    scratch = place / "scratch"
    (scratch / "home").mkdir(parents=True, exist_ok=True)
    canary = Canary(at.secret, at.process, 1, at.home)
    plan = Plan(tier.value, is_strict, str(place / "class/ada"), str(scratch), [str(place / "spec")], 2, -1, canary)
    arguments = [] if tier is Tier.NONE else [plan.encode()]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-P", attempts.__file__, json.dumps(at), *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": at.home, "CONTROL": str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def without_a_jail(targets: Targets) -> set[str]:
    found = worked(targets, Tier.NONE, is_strict=False)
    for folder in (Path(json.__file__).parent, Path(targets.home)):
        (folder / targets.marker).unlink(missing_ok=True)
    os.utime(targets.neighbour)
    os.chmod(targets.neighbour, 0o644)
    return found


@pytest.fixture(scope="module")
def of_ones_own(targets: Targets, without_a_jail: set[str]) -> set[str]:
    return worked(targets, offers.tier(Tier.C), is_strict=False)


@pytest.fixture(scope="module")
def in_tier_c(targets: Targets, without_a_jail: set[str]) -> set[str]:
    return worked(targets, offers.tier(Tier.C), is_strict=True)


@pytest.fixture(scope="module")
def in_tier_a(targets: Targets, without_a_jail: set[str]) -> set[str]:
    return worked(targets, offers.tier(Tier.A), is_strict=True)


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNCERTAIN))
def test_it_works_without_a_jail(name: str, without_a_jail: set[str]) -> None:
    if name == "makes a file among the libraries" and not os.access(Path(json.__file__).parent, os.W_OK):
        pytest.skip("the libraries are not this user's")
    assert name in without_a_jail


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_to_a_learners_own_app(name: str, of_ones_own: set[str]) -> None:
    assert name not in of_ones_own - ALLOWED_TO_ONES_OWN


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_to_a_submission_in_tier_c(name: str, in_tier_c: set[str]) -> None:
    assert name not in in_tier_c


@pytest.mark.parametrize("name", NAMES)
def test_it_is_refused_to_a_submission_in_tier_a(name: str, in_tier_a: set[str]) -> None:
    assert name not in in_tier_a - HARMLESS_ALONE


def test_what_is_allowed_to_ones_own_app_works(of_ones_own: set[str], without_a_jail: set[str]) -> None:
    assert (ALLOWED_TO_ONES_OWN & without_a_jail) - of_ones_own == set()


def test_nothing_is_left_of_a_home_folder_of_its_own(targets: Targets, in_tier_a: set[str]) -> None:
    assert "makes a file in the home folder" in in_tier_a
    assert not Path(targets.home, targets.marker).exists()
