"""What is cut from a specification leaves nothing behind; what stays is graded as before."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from grader.catalog.kata import Kata, read_kata
from grader.errors import BadKata
from grader.grading.collect import checks_of
from grader.handout.practice import practice_files
from tests.conftest import ROOT
from tests.small_kata import make_kata, write

HEAD = "from grader.spec import Asked, Client, Draw, Recorded, Upstream, check, law\nimport os, json as j\n"
OPEN = '@check(points=1, practice=True{more})\ndef test_open(client: Client) -> None:\n    """open"""\n{body}\n'


def cut(tmp_path: Path, *, more: str = "", body: str = "    pass", before: str = "", after: str = "") -> str:
    """What is left of a specification with one practice check."""
    folder = make_kata(tmp_path)
    write(folder / "spec" / "hints.toml", "")
    write(folder / "spec" / "test_echo.py", HEAD + before + OPEN.format(more=more, body=body) + after)
    kata = read_kata(folder)
    return practice_files(kata, checks_of(kata))["spec/test_echo.py"].decode()


def test_only_imports_that_are_used_stay(tmp_path: Path) -> None:
    text = cut(tmp_path, body="    assert j.loads('1')")
    assert text.splitlines()[:2] == ["from grader.spec import Client, check", "import json as j"]


def test_helpers_stay_with_all_that_they_use(tmp_path: Path) -> None:
    before = (
        "DEPTH = 3\nclass Kind:\n    depth = DEPTH\ndef made():\n    return [Kind() for _ in 'ab']\nUNUSED = 's3cret'\n"
    )
    text = cut(tmp_path, before=before, body="    assert made()")
    assert "DEPTH = 3" in text
    assert "class Kind" in text
    assert "s3cret" not in text


def test_a_variable_of_the_check_keeps_no_secret_of_the_same_name(tmp_path: Path) -> None:
    text = cut(tmp_path, before="right = 's3cret'\n", body="    right = 1\n    assert [right for right in [right]]")
    assert "s3cret" not in text


def test_what_decorators_defaults_and_annotations_name_stays(tmp_path: Path) -> None:
    before = "WORDS = 'a requirement'\n"
    text = cut(tmp_path, before=before, more=", requirement=WORDS")
    assert "WORDS = 'a requirement'" in text


def test_comments_and_docstrings_of_the_module_go(tmp_path: Path) -> None:
    text = cut(tmp_path, before='"s3cret"\n# s3cret\n', after="# s3cret\n")
    assert "s3cret" not in text


def copied(folder: Path, target: Path, changed: dict[str, bytes]) -> Kata:
    """A copy of a kata, in which some files are changed: pytest imports no specification of one path twice."""
    shutil.copytree(folder, target / folder.name)
    for name, data in changed.items():
        (target / folder.name / name).write_bytes(data)
    return read_kata(target / folder.name)


def test_a_practice_check_cannot_use_a_hidden_one(tmp_path: Path) -> None:
    hidden = '@check(points=1)\ndef test_hidden(client: Client) -> None:\n    """hidden"""\n'
    with pytest.raises(BadKata, match=r"^spec/test_echo\.py: a check for practice uses test_hidden, which is not"):
        cut(tmp_path, before=hidden, body="    test_hidden(client)")


def test_hints_keep_their_texts(tmp_path: Path) -> None:
    folder = make_kata(tmp_path)
    write(folder / "spec" / "test_echo.py", HEAD + OPEN.format(more="", body="    pass"))
    hint = 'say \\"a\\\\b\\"\\n\\t\u00e9 \\u007f'
    write(folder / "spec" / "hints.toml", f'[open]\nhints = ["{hint}"]\nwhen = [{{ seen = "4\\\\d", hint = "x" }}]')
    kata = read_kata(folder)
    before = checks_of(kata)
    assert checks_of(copied(folder, tmp_path / "cut", practice_files(kata, before))) == before
    assert before[0].hints[0] == 'say "a\\b"\n\t\u00e9 \x7f'
    assert before[0].when[0].seen == "4\\d"


def test_of_a_bundled_kata_the_checks_that_stay_are_the_same(tmp_path: Path) -> None:
    """The laws of kata 1, marked by hand: they use helpers, constants and imports."""
    source = ROOT / "katas" / "kata-1-dual-mode-endpoint"
    text = (source / "spec" / "test_dual_mode.py").read_text("utf-8")
    marked = re.sub(r"after=(\w+|\([^)]*\)),", "", text.replace("@law(", "@law(practice=True, "))
    kata = copied(source, tmp_path / "marked", {"spec/test_dual_mode.py": marked.encode()})
    checks = checks_of(kata)
    cut = checks_of(copied(source, tmp_path / "cut", practice_files(kata, checks)))
    assert cut == [check for check in checks if check.is_law] != []
