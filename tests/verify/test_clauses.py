"""clauses.toml is read whole, or refused with one sentence that says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.catalog.kata import Kata
from grader.errors import BadKata
from grader.verify.clauses import Clause, read_clauses, unclaimed
from tests.small_kata import write

GRADED = 'id = "a"\nsentences = ["One."]\ngraded_by = ["x"]\nbroken_by = ["wrong/y.py"]\n'


def read(folder: Path, text: str) -> tuple[Clause, ...]:
    write(folder / "clauses.toml", text)
    return read_clauses(Kata(folder, "Title", folder / "solutions"))


def test_a_kata_without_the_file_has_no_clauses(tmp_path: Path) -> None:
    assert read_clauses(Kata(tmp_path, "Title", tmp_path / "solutions")) == ()


def test_a_clause_is_graded_or_says_why_not(tmp_path: Path) -> None:
    text = '''
        [[clause]]
        id = "closing-event"
        sentences = ["""- **After** the last
          chunk.""", "| a | b |"]
        graded_by = ["test_done", "other"]
        broken_by = ["wrong/no_end.py", "mutant send-dropped"]

        [[clause]]
        id = "choices"
        sentences = ["You choose."]
        ungraded = "It leaves something to the app."
    '''
    assert read(tmp_path, text) == (
        Clause(
            "closing-event",
            ("After the last chunk.", "a | b"),
            ("done", "other"),
            ("wrong/no_end.py", "mutant send-dropped"),
        ),
        Clause("choices", ("You choose.",), ungraded="It leaves something to the app."),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[clause", "clauses.toml cannot be read: "),
        ("clauses = 1", "clauses.toml may contain [[clause]] tables only"),
        ("clause = 1", "clauses.toml may contain [[clause]] tables only"),
        ("clause = [1]", "clauses.toml may contain [[clause]] tables only"),
        ('[[clause]]\nsentences = ["One."]', "clauses.toml: clause 1 needs an id in lower case"),
        ('[[clause]]\nid = "Closing event"', "clauses.toml: clause 1 needs an id in lower case"),
        (f"[[clause]]\n{GRADED}points = 1", "clauses.toml: clause 'a' has a key 'points', which no clause has"),
        ('[[clause]]\nid = "a"', "clauses.toml: clause 'a' needs sentences: a list of the README's own"),
        ('[[clause]]\nid = "a"\nsentences = "One."', "clauses.toml: clause 'a': sentences must be a list of strings"),
        ('[[clause]]\nid = "a"\nsentences = ["One."]', "needs either graded_by and broken_by, or ungraded"),
        (f'[[clause]]\n{GRADED}ungraded = "no"', "needs either graded_by and broken_by, or ungraded"),
        (f"[[clause]]\n{GRADED}ungraded = true", "needs either graded_by and broken_by, or ungraded"),
        ('[[clause]]\nid = "a"\nsentences = ["One."]\ngraded_by = ["x"]', "needs either graded_by and broken_by, or"),
        ('[[clause]]\nid = "a"\nsentences = ["One."]\nungraded = " "', "needs either graded_by and broken_by, or"),
        (f"[[clause]]\n{GRADED}[[clause]]\n{GRADED}", "clauses.toml: two clauses have the id 'a'"),
    ],
)
def test_a_fault_of_the_file_is_one_sentence(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadKata) as caught:
        read(tmp_path, text)
    assert reason in str(caught.value)


def test_a_folder_or_other_bytes_in_its_place_cannot_be_read(tmp_path: Path) -> None:
    kata = Kata(tmp_path, "Title", tmp_path / "solutions")
    tmp_path.joinpath("clauses.toml").write_bytes(b"\xff")
    with pytest.raises(BadKata, match="cannot be read"):
        read_clauses(kata)
    tmp_path.joinpath("clauses.toml").unlink()
    tmp_path.joinpath("clauses.toml").mkdir()
    with pytest.raises(BadKata, match="cannot be read"):
        read_clauses(kata)


def test_a_sentence_may_be_in_several_clauses_but_must_be_in_one() -> None:
    clauses = [Clause("a", ("One.", "Two.")), Clause("b", ("Two.",))]
    assert list(unclaimed(["One.", "Two.", "Three."], clauses)) == ["Three."]
