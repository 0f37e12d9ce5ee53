"""Which checks a specification has, in which order; and what its author must write where it cannot be run."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DEADLINE, ROOT, environment
from tests.tiny import write_kata

if TYPE_CHECKING:
    from tests.conftest import Grade


def test_several_files_run_in_their_order_and_only_what_is_wanted(tmp_path: Path, grade: Grade) -> None:
    one = '''
        @check(points=1)
        def test_zebra() -> None:
            """it comes first"""

        @check(points=1)
        def test_ape() -> None:
            """it comes second, whatever its name"""
    '''
    two = '''
        @check(points=1)
        def test_bear() -> None:
            """it comes third"""

        @check(points=1, after=test_bear)
        def test_cat() -> None:
            """it comes last"""
    '''
    kata = write_kata(tmp_path, {"test_2_second.py": two, "test_1_first.py": one, "helper.py": "raise SystemExit"})
    done = grade(kata, json_report=True)
    assert list(done.outcomes()) == ["zebra", "ape", "bear", "cat"]
    assert done.code == 0
    only = grade(kata, "--only", "test_cat", json_report=True)
    assert only.outcomes() == {"bear": "passed", "cat": "passed"}


def test_no_package_above_the_specification_is_run(tmp_path: Path, grade: Grade) -> None:
    """A kata may lie in somebody's package, as those of an installed pack do."""
    kata = write_kata(tmp_path, '@check(points=1)\ndef test_it() -> None:\n    """it is graded"""')
    for folder in (tmp_path, Path(kata)):
        (folder / "__init__.py").write_text("raise RuntimeError('run')", "utf-8")
    assert grade(kata, json_report=True).outcomes() == {"it": "passed"}


FAULTY = {
    "unmarked": ("def test_it() -> None:\n    pass", "test_it is not marked; write @check(points=…) above it"),
    "untitled": ("@check(points=1)\ndef test_it() -> None:\n    pass", "check it: it needs a docstring"),
    "worthless": (
        '@check(points=0)\ndef test_it() -> None:\n    """x"""',
        "check it: it must be worth at least one point",
    ),
    "late": (
        'def other() -> None:\n    pass\n@check(points=1, after=other)\ndef test_it() -> None:\n    """x"""',
        "check it: it comes after other, which must stand above it",
    ),
    "parametrized": (
        'import pytest\n@pytest.mark.parametrize("n", [1, 2])\n@check(points=1)\n'
        'def test_it(n: int) -> None:\n    """x"""',
        "check it: a check cannot be parametrized, for its id and points are those of one verdict; write a loop in it",
    ),
    "asynchronous": (
        '@check(points=1)\nasync def test_it() -> None:\n    """x"""',
        "check it: a check is synchronous; write def, not async def",
    ),
    "after a name": (
        '@check(points=1, after="other")\ndef test_it() -> None:\n    """x"""',
        "after='other': give the function itself, not its name",
    ),
    "empty": ("", "there is no check; write a test function marked @check(points=…)"),
    "broken": ("def test_it(:", "cannot be loaded: "),
    "unimportable": ("import no_such_thing", "cannot be loaded: "),
    "without points": ('@check()\ndef test_it() -> None:\n    """x"""', "cannot be loaded: "),
    "sound": ('@check(points=7)\ndef test_it() -> None:\n    """x"""', "[7]"),
    "sound as well": ('@check(points=8)\ndef test_it() -> None:\n    """x"""', "[8]"),
}


def test_a_faulty_specification_raises_bad_kata_with_what_to_write(tmp_path: Path) -> None:
    """All in one process, and all in files of one name: none is mistaken for another's."""
    folders = [
        write_kata(tmp_path, source, name=f"kata-{number}-tiny")
        for number, (source, _) in enumerate(FAULTY.values(), start=1)
    ]
    twice = '@check(points=1)\ndef test_it() -> None:\n    """x"""'
    folders.append(write_kata(tmp_path, {"test_a.py": twice, "test_b.py": twice}, name="kata-99-tiny"))
    code = """if True:
        import json, sys
        from pathlib import Path
        from grader.errors import BadKata
        from grader.catalog.kata import read_kata
        from grader.grading.collect import checks_of
        for folder in sys.argv[1:]:
            try:
                print(json.dumps(str([check.points for check in checks_of(read_kata(Path(folder)))])))
            except BadKata as error:
                print(json.dumps(str(error)))
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *folders],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.stderr == ""
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(folders)
    for words, (_, expected) in zip(told, FAULTY.values(), strict=False):
        assert expected in words
    assert "check it: there are two of this name" in told[-1]


PRINTS = '''
    import os, sys

    print("at import")

    @check(points=1)
    def test_it(client: Client) -> None:
        """it prints"""
        print("in the check")
        sys.stdout.write("written\\n")
        os.write(1, b"by descriptor\\n")
        assert client.get("/").status == 200
'''


PRINTED = ["at import", "by descriptor", "in the check", "written"]


def test_what_a_specification_prints_goes_to_standard_error(tmp_path: Path, grade: Grade) -> None:
    kata = write_kata(tmp_path, PRINTS)
    done = grade(kata, "--json", "-")
    assert done.code == 0
    assert json.loads(done.out)["points"] == 1
    assert sorted(done.err.splitlines()) == PRINTED


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTEST_PLUGINS": "no_such_plugin"},
        {"PYTEST_ADDOPTS": "--collect-only -k nothing"},
        {"PYTEST_DEBUG": "1"},
        {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_the_callers_own_settings_of_pytest_change_no_grade(
    settings: dict[str, str], tmp_path: Path, grade: Grade
) -> None:
    done = grade(write_kata(tmp_path, PRINTS), json_report=True, **settings)
    assert (done.code, done.outcomes()) == (0, {"it": "passed"})
    assert sorted(done.err.splitlines()) == PRINTED


@pytest.mark.parametrize("level", ["1", "2"])
def test_a_caller_who_drops_assertions_changes_no_grade(level: str, tmp_path: Path, grade: Grade) -> None:
    done = grade(write_kata(tmp_path, PRINTS), json_report=True, PYTHONOPTIMIZE=level)
    assert (done.code, done.outcomes()) == (0, {"it": "passed"})


def test_where_python_drops_assertions_all_the_same_nothing_is_graded(tmp_path: Path) -> None:
    command = [sys.executable, "-O", "-m", "grader", write_kata(tmp_path, PRINTS)]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Python drops assertions under -O: leave it out, and grade again." in done.stderr


CUT_SHORT = {
    "a check that ends pytest": (
        '''
        import pytest

        @check(points=1)
        def test_first() -> None:
            """it passes"""

        @check(points=1)
        def test_second() -> None:
            """it is never reached"""
            pytest.exit("enough")
        ''',
        "kata-1-tiny/spec ends the run by itself: enough (test_2.py:12)",
    ),
    "a check that interrupts the run": (
        '''
        @check(points=1)
        def test_first() -> None:
            """it looks like Ctrl-C"""
            raise KeyboardInterrupt
        ''',
        "kata-1-tiny/spec ends the run by itself: KeyboardInterrupt (test_2.py:6)",
    ),
    "a file that interrupts the run": (
        """
        def stop() -> None:
            raise KeyboardInterrupt("now")
        stop()
        """,
        "kata-1-tiny/spec ends the run by itself: KeyboardInterrupt: now (test_2.py:4)",
    ),
    "a file that skips itself": (
        """
        import pytest
        pytest.skip("not today", allow_module_level=True)
        """,
        "test_2.py skips itself, and all of its checks",
    ),
}


@pytest.mark.parametrize("name", CUT_SHORT)
def test_a_specification_that_leaves_out_checks_gives_no_grade(name: str, tmp_path: Path, grade: Grade) -> None:
    spec, words = CUT_SHORT[name]
    other = '@check(points=1)\ndef test_other() -> None:\n    """x"""'
    done = grade(write_kata(tmp_path, {"test_1.py": other, "test_2.py": textwrap.dedent(spec)}))
    assert (done.code, done.out) == (3, "")
    assert words in done.err
