"""The clauses of all katas as a page of the documentation.

``make clauses`` writes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from grader.catalog.kata import Kata
from grader.catalog.packs import bundled
from grader.verify.clauses import Clause, read_clauses
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "clauses.md"
_HEAD = """# The contracts, clause by clause

Each sentence of a contract belongs to a clause. For each clause these tables name the checks that grade it, and apps
that break it: wrong apps of `solutions/`, or mutants. Where nothing is graded, they say why. `make clauses` writes this
page from `clauses.toml` in the folder of each kata.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n## {kata.id}: {kata.title}\n\n{_table(kata)}" for kata in bundled())


def _table(kata: Kata) -> str:
    clauses = read_clauses(kata)
    count, ungraded = sum(len(clause.sentences) for clause in clauses), sum(bool(each.ungraded) for each in clauses)
    head = f"{len(clauses)} clauses, {count} sentences; {ungraded} clauses are not graded.\n\n"
    return head + "".join(f"| {' | '.join(cells)} |\n" for cells in _rows(clauses))


def _rows(clauses: tuple[Clause, ...]) -> Iterator[tuple[str, ...]]:
    yield "clause", "sentences", "graded by", "broken by, or why it is not graded"
    yield ("---",) * 4
    for clause in clauses:
        sentences = "<br>".join(sentence.replace("|", "\\|") for sentence in clause.sentences)
        graded_by = ", ".join(f"`{name}`" for name in clause.graded_by)
        broken_by = ", ".join(f"`{name.removesuffix('.py')}`" for name in clause.broken_by)
        yield clause.id, sentences, graded_by, broken_by or clause.ungraded


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
