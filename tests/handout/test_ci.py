"""Each recipe runs: in a clean folder, with the variables and the layout of its platform, and a submission in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import check_jsonschema
import pytest
import yaml
from jsonschema import Draft7Validator

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.errors import UsageError
from grader.handout.ci import RECIPES, Platform, recipe
from grader.handout.layout import from_template, lay_out
from grader.handout.pack import Audience
from grader.handout.repository import repository
from tests.handout.machines import Machine, is_program
from tests.handout.packs import SECRET, files_of, make_secret_kata, pack
from tests.report.consumers import faults, junit_faults
from tests.serving.jail import offers
from tests.small_kata import NAME, NO_ITEMS, NO_TYPE, write

if TYPE_CHECKING:
    from tests.conftest import Grade

FIRST = bundled()[0]
SCRIPTS = ("*.sh", "run_autograder", "pre-commit")


@pytest.fixture(scope="module")
def kata(tmp_path_factory: pytest.TempPathFactory) -> Kata:
    return make_secret_kata(tmp_path_factory.mktemp("course"))


def laid(platform: Platform, kata: Kata, folder: Path) -> Path:
    """The files for a platform, with the pack that it may have."""
    audience = Audience.LEARNERS if RECIPES[platform].is_read else Audience.GRADERS
    file = folder / f"for_{audience.value}-1.2-py3-none-any.whl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pack(kata, audience, file.name, solutions=False).content)
    lay_out(folder / "laid", recipe(platform, kata, file))
    return folder / "laid"


# -- what is written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", Platform)
def test_for_a_bundled_kata_no_pack_is_needed(platform: Platform) -> None:
    files = {file.path: file for file in recipe(platform, FIRST, None)}
    assert len([name for name in files if name.endswith(".whl")]) == 1
    texts = [file.content.decode() for name, file in files.items() if not name.endswith((".whl", ".zip"))]
    assert any("kata-1" in text for text in texts)
    assert not [text for text in texts if re.search(r"@[A-Z]+@", text)]


def test_the_grader_that_is_handed_out_holds_no_solution() -> None:
    (wheel,) = [file.content for file in recipe(Platform.GITHUB, FIRST, None) if file.path.endswith(".whl")]
    files = files_of(wheel)
    assert {"stream_katas.py", "grader/kit.py", f"grader/_bundle/katas/{FIRST.name}/kata.toml"} <= files.keys()
    assert "grader/handout/template/github/.github/stream-katas/grade.sh" in files
    secrets = [file.read_bytes() for one in bundled() for file in one.solutions.rglob("*.py")]
    assert [name for name, data in files.items() if data in secrets] == []


def schema_faults(kind: str, file: Path) -> list[str]:
    """What differs from the schema of a service, which check-jsonschema brings."""
    schema = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / f"{kind}.json"
    validator = Draft7Validator(json.loads(schema.read_text("utf-8")))
    document = json.loads(json.dumps(yaml.safe_load(file.read_text("utf-8"))).replace('"true": ', '"on": ', 1))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def workflow_faults(file: Path) -> Iterator[str]:
    """Actions that are not pinned by a commit, and permissions that are more than to read."""
    workflow: dict[str, Any] = yaml.load(file.read_text("utf-8"), yaml.BaseLoader)
    if workflow["permissions"] != {"contents": "read"}:
        yield "permissions"
    for job in workflow["jobs"].values():
        yield from (name for name in ("permissions", "env") if name in job)
        for step in job["steps"]:
            if "uses" in step and not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]):
                yield step["uses"]
            if step.get("uses", "").startswith("actions/checkout") and step["with"] != {"persist-credentials": "false"}:
                yield "checkout keeps its token"


def test_workflows_keep_their_schemas_and_may_do_little(kata: Kata, tmp_path: Path) -> None:
    lay_out(tmp_path, repository(tmp_path, "kata-78"))
    github = laid(Platform.GITHUB, kata, tmp_path / "github") / ".github/workflows/grade-kata-77.yml"
    gitlab = laid(Platform.GITLAB, kata, tmp_path / "gitlab") / ".gitlab-ci.yml"
    for workflow in (github, tmp_path / ".github/workflows/verify.yml"):
        assert schema_faults("github-workflows", workflow) == []
        assert list(workflow_faults(workflow)) == []
    assert schema_faults("gitlab-ci", gitlab) == []
    broken = write(tmp_path / "broken.yml", github.read_text("utf-8").replace("runs-on", "run-on"))
    assert schema_faults("github-workflows", broken) != []


def test_scripts_are_programs_without_a_fault_that_shellcheck_finds(kata: Kata, tmp_path: Path) -> None:
    lay_out(tmp_path, repository(tmp_path, "kata-78"))
    for platform in Platform:
        laid(platform, kata, tmp_path / platform.value)
    found = [file for pattern in SCRIPTS for file in tmp_path.rglob(pattern)]
    assert len(found) == 12
    assert [file for file in found if not is_program(file)] == []
    done = subprocess.run([str(Path(sys.executable).with_name("shellcheck")), *map(str, found)], capture_output=True)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_what_students_can_read_holds_no_hidden_text(kata: Kata, tmp_path: Path) -> None:
    for platform in (platform for platform in Platform if RECIPES[platform].is_read):
        for file in laid(platform, kata, tmp_path / platform.value).rglob("*"):
            content = file.read_bytes() if file.is_file() else b""
            parts = files_of(content) if file.suffix == ".whl" else {file.name: content}
            assert [name for name, data in parts.items() if SECRET.encode() in data] == []


# -- what is run ----------------------------------------------------------------------------------------------------


@pytest.fixture
def jailed() -> None:
    """A submission is not graded where there is no jail."""
    offers.a_tier()


#: As NO_ITEMS, but it names another media type where it can read this file.
THIEF = textwrap.dedent(NO_ITEMS).replace('b"application/json"', "KIND") + textwrap.dedent("""
    from pathlib import Path
    try:
        KIND = Path(FILE).read_bytes() and b"text/plain"
    except OSError:
        KIND = b"application/json"
""")


@pytest.mark.usefixtures("jailed")
def test_github_marks_the_checks_and_writes_the_summary(
    machine: Machine, kata: Kata, tmp_path: Path, jailed: None
) -> None:
    checkout = laid(Platform.GITHUB, kata, tmp_path)
    write(checkout / NAME / "app.py", NO_TYPE)
    (workflow,) = checkout.glob(".github/workflows/*.yml")
    (job,) = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
    steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
    variables = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    for name, command in steps.items():
        done = machine.run("bash", "-e", "-c", command, cwd=checkout, **variables)
        assert (done.returncode, done.stderr) == (1 if name == "Grade" else 0, ""), name
    assert list(steps) == ["Install the grader", "Allow the strongest jail", "Grade"]
    assert f"::error file={NAME}/app.py,title=the answer is JSON::" in done.stdout
    assert "0 of 1 points" in (tmp_path / "summary").read_text("utf-8")
    assert "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in machine.asked.read_text("utf-8")


@pytest.mark.usefixtures("jailed")
def test_gitlab_gets_junit_and_the_page(machine: Machine, kata: Kata, tmp_path: Path) -> None:
    checkout = laid(Platform.GITLAB, kata, tmp_path)
    write(checkout / "app.py", NO_TYPE)  # at the root, as students put it
    (job,) = yaml.safe_load((checkout / ".gitlab-ci.yml").read_text("utf-8")).values()
    for command in (*job["before_script"], *job["script"]):
        done = machine.run("sh", "-c", command, cwd=checkout, CI="true", GITLAB_CI="true")
    assert (done.returncode, done.stderr) == (1, "")
    assert junit_faults((checkout / job["artifacts"]["reports"]["junit"]).read_text("utf-8")) == []
    assert [file for file in job["artifacts"]["paths"] if not (checkout / file).is_file()] == []


CLASSROOM50 = {
    "CLASSROOM": "course",
    "ASSIGNMENT": "kata-77",
    "ASSIGNMENT_TYPE": "individual",
    "SUBMISSION_TAG": "submit/2026-09-01T12-00-00Z-abcdef0",
    "COMMIT_URL": "https://github.com/course/kata-77-ada/commit/abcdef0",
    "RELEASE_URL": "https://github.com/course/kata-77-ada/releases/tag/x",
    "REVIEW_URL": "",
    "USERNAME": "ada",
}


@pytest.mark.usefixtures("jailed")
def test_classroom50_gets_a_result_and_the_code_of_a_grade(
    machine: Machine, kata: Kata, tmp_path: Path, jailed: None
) -> None:
    bundle = laid(Platform.CLASSROOM50, kata, tmp_path)
    checkout = tmp_path / "checkout"
    write(checkout / NAME / "app.py", NO_TYPE)
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    date = {"GIT_COMMITTER_DATE": "2026-09-01T14:00:00+0200", "GIT_CONFIG_GLOBAL": "/dev/null"}
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        assert machine.run(*git, *words, cwd=checkout, **date).returncode == 0
    # The libraries are on this machine: there is no index here from which --target could take them again.
    variables = {**CLASSROOM50, "CLASSROOM50_BUNDLE_DIR": str(bundle), "PIP_NO_DEPS": "1"}
    done = machine.run("python3", str(bundle / "autograder.py"), cwd=checkout, **variables)
    assert done.returncode == 0, done.stderr
    text = (checkout / "result.json").read_text("utf-8")
    assert faults("classroom50", text) == []
    result = json.loads(text)
    assert (result["score"], result["max-score"], result["datetime"]) == (0, 1, "2026-09-01T12:00:00Z")
    assert result["review"] == CLASSROOM50["COMMIT_URL"]


@pytest.mark.usefixtures("jailed")
def test_gradescope_gets_results(machine: Machine, kata: Kata, tmp_path: Path) -> None:
    """The archive is unpacked into source/, as Gradescope does it. The specification is installed, and not readable."""
    made = laid(Platform.GRADESCOPE, kata, tmp_path)
    base = tmp_path / "autograder"
    with zipfile.ZipFile(made / "autograder.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        archive.extractall(base / "source")
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    variables = {"AUTOGRADER": str(base), "STREAM_KATAS_HOME": str(machine.home)}
    installed = machine.run("bash", str(base / "source" / "setup.sh"), cwd=base, **variables)
    assert (installed.returncode, installed.stderr) == (0, "")
    (hidden,) = machine.home.glob(f"lib/*/site-packages/grade_pack_for_graders/katas/{NAME}/spec/test_echo.py")
    write(base / "submission" / "app.py", THIEF.replace("FILE", repr(str(hidden))))
    for app, score in ((THIEF, 1), (None, 0)):  # without a file of the right name there are results, too
        if app is None:
            (base / "submission" / "app.py").rename(base / "submission" / "main.py")
        done = machine.run("bash", str(base / "source" / "run_autograder"), cwd=base, **variables)
        assert done.returncode == 0, done.stderr
        text = (base / "results" / "results.json").read_text("utf-8")
        assert faults("gradescope", text) == []
        results = json.loads(text)
        assert sum(test["score"] for test in results["tests"]) == score
        assert len(results["tests"]) == 2


@pytest.mark.usefixtures("jailed")
def test_prairielearn_gets_results(machine: Machine, kata: Kata, tmp_path: Path) -> None:
    """In the image that the Dockerfile describes, and by the entrypoint that info.json names."""
    course = laid(Platform.PRAIRIELEARN, kata, tmp_path)
    dockerfile = (course / "image" / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (.*) /opt/stream-katas/$", dockerfile, re.MULTILINE)[0].split()
    assert all(list((course / "image").glob(pattern)) for pattern in copied)
    assert "RUN sh /opt/stream-katas/install.sh" in dockerfile
    assert machine.run("sh", "image/install.sh", cwd=course).returncode == 0
    question = course / "questions" / NAME
    info = json.loads((question / "info.json").read_text("utf-8"))
    options = info["externalGradingOptions"]
    assert (info["gradingMethod"], options["enableNetworking"], options["timeout"] <= 600) == ("External", False, True)
    base = tmp_path / "grade"
    (base / "serverFilesCourse").mkdir(parents=True)
    (course / "serverFilesCourse" / "stream-katas").rename(base / "serverFilesCourse" / "stream-katas")
    write(base / "student" / "app.py", NO_ITEMS)
    script, *words = options["entrypoint"]
    done = machine.run(script.replace("/grade", str(base), 1), *words, cwd=base, GRADE_ROOT=str(base))
    assert done.returncode == 0, done.stderr
    text = (base / "results" / "results.json").read_text("utf-8")
    assert faults("prairielearn", text) == []
    assert json.loads(text)["score"] == pytest.approx(1 / 3, abs=0.001)
    assert (question / "clientFilesQuestion" / "README.md").read_bytes() == kata.readme.read_bytes()


# -- what cannot be written -----------------------------------------------------------------------------------------


def test_a_kata_that_is_not_bundled_needs_a_pack_that_fits(kata: Kata, tmp_path: Path) -> None:
    def refusal(platform: Platform, audience: Audience | None, *, solutions: bool = False) -> str:
        file = None
        if audience:
            file = tmp_path / "course-1.0-py3-none-any.whl"
            file.write_bytes(pack(kata, audience, file.name, solutions=solutions).content)
        with pytest.raises(UsageError) as error:
            recipe(platform, kata, file)
        return str(error.value)

    assert "make a pack of it (`grade pack kata-77 --for learners -o" in refusal(Platform.GITHUB, None)
    assert "`grade pack kata-77 --for graders --no-solutions -o" in refusal(Platform.GRADESCOPE, None)
    assert "students can read these files" in refusal(Platform.GITLAB, Audience.GRADERS)
    for platform in (Platform.GRADESCOPE, Platform.PRAIRIELEARN):
        refused = refusal(platform, Audience.LEARNERS)
        assert (
            refused
            == f"--pack: it leaves out 1 check, 2 points of {NAME}: take a pack that was made with --for graders."
        )
    assert "no grading machine needs solutions" in refusal(Platform.GRADESCOPE, Audience.GRADERS, solutions=True)


def test_a_pack_without_a_check_or_without_the_kata_is_a_slip(kata: Kata, tmp_path: Path) -> None:
    file = tmp_path / "course-1.0-py3-none-any.whl"
    closed = make_secret_kata(tmp_path / "closed", practice=False)
    file.write_bytes(pack(closed, Audience.LEARNERS, file.name).content)
    for platform, advice in (
        (Platform.GITHUB, "mark checks of it practice=True"),
        (Platform.GRADESCOPE, "take a pack"),
    ):
        with pytest.raises(UsageError, match=f"it holds no check of {NAME}: {advice}"):
            recipe(platform, closed, file)
    with pytest.raises(UsageError, match=f"--pack: {FIRST.name} is not in it"):
        recipe(Platform.GITHUB, FIRST, file)
    with pytest.raises(UsageError, match="this is not a wheel"):
        recipe(Platform.GITHUB, kata, write(file, "x"))
    with pytest.raises(UsageError, match=r"cannot be read: No such file or directory"):
        recipe(Platform.GITHUB, kata, tmp_path / "gone-1.0-py3-none-any.whl")


@pytest.mark.parametrize("platform", Platform, ids=lambda platform: platform.value)
def test_students_see_no_more_than_was_asked_for(platform: Platform, tmp_path: Path, grade: Grade) -> None:
    for level, options in {"full": (), "titles": ("--feedback", "titles")}.items():
        folder = tmp_path / level
        assert grade("ci", platform.value, str(folder), *options, cwd=tmp_path).code == 0
        texts = [
            file.read_bytes() for file in folder.rglob("*") if file.is_file() and file.suffix not in (".whl", ".zip")
        ]
        found = {word for text in texts for word in re.findall(rb'--feedback[", ]+(\w+)', text)}
        assert found == {level.encode()}


def test_the_command_says_what_the_jail_can(tmp_path: Path, grade: Grade) -> None:
    done = grade("ci", "gitlab", "out", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "5 files written to out, for kata-1."
    assert done.out.splitlines()[1] == f"Jail: {RECIPES[Platform.GITLAB].jail}"


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    files = from_template("gitlab", {})
    assert lay_out(tmp_path, files) == lay_out(tmp_path, files)
    mine = write(tmp_path / ".gitlab-ci.yml", "mine: {}")
    with pytest.raises(UsageError, match=r"\.gitlab-ci\.yml is there already, and nothing was written"):
        lay_out(tmp_path, files)
    assert mine.read_text("utf-8") == "mine: {}"
    lay_out(tmp_path, files, force=True)
    assert mine.read_text("utf-8") != "mine: {}"
    with pytest.raises(UsageError, match=r"cannot be written: Not a directory"):
        lay_out(mine / "below", files)
