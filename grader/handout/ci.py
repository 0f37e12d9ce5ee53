"""Recipes: the files that a platform needs to grade one kata, and what its jail can and cannot do."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from grader.catalog.kata import Kata
from grader.catalog.packs import is_bundled
from grader.errors import UsageError
from grader.handout import fitting
from grader.handout.layout import Laid, from_template, installer
from grader.handout.wheel import Label, label_of


class Platform(Enum):
    """Where submissions are graded."""

    GITHUB = "github"
    GITLAB = "gitlab"
    CLASSROOM50 = "classroom50"
    GRADESCOPE = "gradescope"
    PRAIRIELEARN = "prairielearn"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a platform needs. ``installer`` is where its grader lies; ``is_read`` whether students can read the files.

    ``jail`` says what the platform allows, ``then`` what the instructor does with the files.
    """

    installer: str
    is_read: bool
    jail: str
    then: str


RECIPES = {
    Platform.GITHUB: Recipe(
        ".github/stream-katas/",
        is_read=True,
        jail="tier A, which one step of the job switches on; without that step tier C. A student can change the "
        "workflow: take its result for feedback, and grade what counts on a machine of your own.",
        then="commit these files to the repository that students start from.",
    ),
    Platform.GITLAB: Recipe(
        ".gitlab/stream-katas/",
        is_read=True,
        jail="tier C in a container that is not privileged; tier A needs a runner of your own. A student can change "
        "the job: take its result for feedback, and grade what counts on a machine of your own.",
        then="commit these files to the project that students start from.",
    ),
    Platform.CLASSROOM50: Recipe(
        "",
        is_read=True,
        jail="tier A where the runner lets the script switch it on, else tier C. Students cannot change the script, "
        "but the folder is served on a public page: a determined student can read it.",
        then="put these files into CLASSROOM/autograders/ASSIGNMENT/ of your classroom50 repository.",
    ),
    Platform.GRADESCOPE: Recipe(
        "",
        is_read=False,
        jail="tier C, or tier A where the container allows namespaces. As root, each submission gets a user of its "
        "own; where there is no jail nothing is graded.",
        then="upload autograder.zip. The other files are what is in it.",
    ),
    Platform.PRAIRIELEARN: Recipe(
        "image/",
        is_read=False,
        jail="tier C, in a container without a network. As root, each submission gets a user of its own; where there "
        "is no jail nothing is graded.",
        then="build the image from image/ and push it, write its name into info.json, and copy the other two folders "
        "into your course.",
    ),
}


def recipe(platform: Platform, kata: Kata, pack: Path | None, *, feedback: str = "full") -> list[Laid]:
    """The files for ``platform``. ``pack`` is a wheel with the kata, where that is not bundled. Raises UsageError.

    ``feedback`` is how much of a report students see, as for ``grade run --feedback``.
    """
    found = RECIPES[platform]
    wheels = {pack.name: fitting.read(pack)} if pack else {}
    label = label_of(pack.name, otherwise=Label("my-course", "1.0")) if pack else None
    if label is None and not is_bundled(kata):
        audience = "learners" if found.is_read else "graders --no-solutions"
        raise UsageError(
            f"{kata.id} is not bundled with the grader: make a pack of it (`grade pack {kata.id} --for {audience} -o "
            "my_course-1.0-py3-none-any.whl`) and name it with --pack FILE."
        )
    for content in wheels.values():
        _require_fit(content, kata, is_read=found.is_read)
    if pack and not found.is_read:
        fitting.require_whole(pack, kata.name)
    command = f"{label.name}:kata-{kata.number}" if label else kata.id
    words = _words(kata, command) | {"FEEDBACK": feedback}
    files = [*from_template(platform.value, words), *installer(found.installer, wheels)]
    match platform:
        case Platform.GRADESCOPE:
            return [*files, _zipped(files)]
        case Platform.PRAIRIELEARN:
            return [*files, *_shown(kata)]
        case _:
            return files


def _require_fit(pack: bytes, kata: Kata, *, is_read: bool) -> None:
    """Raises UsageError for a pack without the kata or its checks, or with what has to stay away from students."""
    content = fitting.content_of(pack)
    if not content.has_kata(kata.name):
        raise UsageError(f"--pack: {kata.name} is not in it.")
    if is_read:
        fitting.require_for_students(content)
    if content.has_solutions:
        raise UsageError("--pack: no grading machine needs solutions: take a pack that was made with --no-solutions.")
    if not content.has_checks(kata.name):
        advice = "mark checks of it practice=True" if is_read else "take a pack that was made with --for graders"
        raise UsageError(f"--pack: it holds no check of {kata.name}: {advice}.")


def _words(kata: Kata, command: str) -> dict[str, str]:
    return {
        "KATA": command,
        "ID": f"kata-{kata.number}",
        "FOLDER": kata.name,
        "ENTRY": kata.entry[0],
        "TITLE": json.dumps(kata.title)[1:-1],
        "IMAGE": f"example/stream-katas-kata-{kata.number}",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"stream-katas:{command}:{kata.name}")),
    }


def _zipped(files: list[Laid]) -> Laid:
    """For Gradescope: all files at the root of one archive, with the modes of programs."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            entry = zipfile.ZipInfo(file.path)
            entry.external_attr = (0o755 if file.is_program else 0o644) << 16
            packed.writestr(entry, file.content, zipfile.ZIP_DEFLATED)
    return Laid("autograder.zip", written.getvalue())


def _shown(kata: Kata) -> Iterator[Laid]:
    """For PrairieLearn: what the page of the question shows of the kata."""
    for file in (kata.readme, kata.stub):
        yield Laid(f"questions/{kata.name}/clientFilesQuestion/{file.name}", file.read_bytes())
