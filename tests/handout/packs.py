"""A kata with a secret in each place that learners must not see, and packs of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from grader.catalog.kata import Kata, read_kata
from grader.handout.pack import Audience, Pack, make_pack
from tests.small_kata import HINTS, MANIFEST, SPECIFICATION, make_kata, write

FILE = "my_course-1.2-py3-none-any.whl"
PACKAGE = "grade_pack_my_course"
SECRET = "S3CRET"
#: The first check is for practice; the other, a helper of it, and all that people write beside code are not.
MARKED = (
    SPECIFICATION.replace('"""Kata 77: an echo."""', f'"""Kata 77: {SECRET} of the module."""')
    .replace("@check(points=1,", "@check(points=1, practice=True,")
    .replace("import Client, Draw", f"import Asked, Client, Draw  # {SECRET} of a comment\n    #")
    .replace(
        "#, Upstream, check", f"from grader.spec import Upstream, check\n\n    KIND = 'json'\n    ITEMS = '{SECRET}'"
    )
    .replace('"application/json")', '"application/" + KIND)  # ' + SECRET)
    .replace("items = draw.texts(3)", "items = [*draw.texts(3), ITEMS]")
    .replace("upstream.give_all(items)", f"upstream.give_all(items)  # {SECRET}")
)


def make_secret_kata(root: Path, *, practice: bool = True) -> Kata:
    """The small kata; everything that is hidden in it, and nothing else, contains SECRET."""
    folder = make_kata(root)
    write(folder / "kata.toml", f"{MANIFEST}# {SECRET}")
    hidden = HINTS.replace("`async for item in upstream(key)` gives", f"{SECRET} gives")
    write(folder / "spec" / "hints.toml", f"# {SECRET}\n{hidden}")
    write(folder / "spec" / "test_echo.py", MARKED if practice else MARKED.replace(", practice=True", ""))
    write(folder / "clauses.toml", f"# {SECRET}")
    for file in (root / "solutions").rglob("*.py"):
        file.write_text(f"{file.read_text('utf-8')}# {SECRET}\n", "utf-8")
    return read_kata(folder)


def pack(kata: Kata, audience: Audience, file: str = FILE, *, solutions: bool = True) -> Pack:
    return make_pack([kata], audience, file, solutions=solutions)


def files_of(content: bytes) -> dict[str, bytes]:
    """The files of a wheel, by their names in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def install(content: bytes, site: Path) -> Path:
    """Unpack a wheel, which is all that pip does with one; returns ``site``."""
    zipfile.ZipFile(io.BytesIO(content)).extractall(site)
    return site


def lines_of(files: Sequence[Path]) -> set[bytes]:
    """The lines of files that say something: long enough not to stand elsewhere by chance."""
    return {line.strip() for file in files for line in file.read_bytes().splitlines() if len(line.strip()) > 24}
