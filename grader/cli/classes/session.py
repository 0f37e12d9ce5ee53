"""One run over a class: the folder of its results, the jail, the pool, the ledger, and at the end the audit."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from grader import interrupt, trees
from grader.catalog.kata import Kata
from grader.catalog.lookup import choose
from grader.classes import records
from grader.classes.audit import Audit, audit
from grader.classes.gone import FACT, encode, gone
from grader.classes.handed_out import changed_since, require_whole
from grader.classes.ledger import FILE, Ledger
from grader.classes.model import Settings
from grader.classes.order import Graders, LocalGraders
from grader.classes.results.folder import write_results
from grader.classes.run import ClassRun, graded_kata
from grader.classes.source import Source
from grader.classes.task import Intake, Task
from grader.classes.writing import LedgerWriter, writing
from grader.cli.classes import summary
from grader.cli.classes.live import progress_shown
from grader.cli.jailing import Wish
from grader.cli.parameters import tell_refused
from grader.errors import UsageError
from grader.exits import Exit
from grader.pool.pool import Pool
from grader.pool.servers import fork_servers
from grader.serving.jail.plan import Tier
from grader.syntax import normal_form
from grader.text import plural, visible

_KEPT = "what is graded is kept, and the same command goes on with the rest"


@dataclass(frozen=True, slots=True)
class Session:
    """What a run needs beside its settings. ``at_once`` grades run at a time, or else all that a ``cluster`` takes.

    ``handed_out`` is the pack that students have. ``forget_gone``: what is no longer among the submissions leaves the
    class.
    """

    out: Path
    source: Source
    wish: Wish
    at_once: int
    color: str = "auto"
    cluster: str = ""
    handed_out: Path | None = None
    forget_gone: bool = False

    def katas(self) -> tuple[Kata, ...]:
        """Raises UsageError and BadKata."""
        if not self.source.katas:
            raise UsageError("Name the katas to grade: --kata kata-1 (repeatable), or katas in class.toml.")
        found = choose(self.source.katas, self.source.here, self.source.folders)
        tell_refused(found)
        for kata in found.katas:
            require_whole(kata)
        return found.katas

    def carry_out(
        self,
        settings: Settings,
        *,
        chosen: Callable[[Task], bool] = lambda _: True,
        force: bool = False,
    ) -> Exit:
        """Grade the ``chosen`` tasks, with ``force`` also those that the ledger has; then look at the whole class."""
        self.source.require_apart(self.out)
        katas = self.katas()
        changes = changed_since(self.handed_out, katas) if self.handed_out else ()
        apps = [Path(settings.app or kata.entry[0]).name for kata in katas]
        for sentence in (*changes, *self.source.doubts(self.out, apps=apps)):
            click.echo(f"grade: {visible(sentence, 500)}", err=True)
        graded = {kata.name: graded_kata(kata) for kata in katas}
        tier = Tier.NONE if self.cluster else self.wish.strict_tier()  # of a cluster, each worker chooses its own
        with _alone(self.out) as work:
            intake = self.source.take_in(katas, settings, results=self.out, work=work)
            settings = replace(settings, seed=settings.seed or _seed(self.out))
            with LedgerWriter.make(self.out, settings) as ledger:
                is_same = _is_of_same_folder(ledger, self.source)
                ledger.keep_facts({"source": self.source.encode(), "others": records.of_students(intake.others)})
                ledger.keep_katas(list(graded.values()))
                for kata in katas:
                    ledger.keep_stub(kata.name, normal_form(kata.stub.read_bytes()))
                if is_same:
                    ledger.forget_others([task.submission for task in intake.tasks])
                ledger.keep_students(intake.students)
                _tell_doubts(intake, settings, is_shard=self.source.shard.count > 1)
                interrupt.say_kept(_KEPT)
                tasks = [task for task in intake.tasks if chosen(task)]
                if not force:
                    _tell_old(ledger, tasks)
                if not tasks:
                    click.echo("grade: there is nothing to grade again among these submissions.", err=True)
                with progress_shown(color=self.color) as tell, self._graders(tier) as graders:
                    ClassRun(ledger, graders, graded, work=work, tell=tell).run(tasks, force=force)
                self._look_for_gone(ledger, intake)
                found = audit(ledger)
                write_results(ledger, self.out)
        summary.show(found, self.color, results=self.out)
        summary.tell_results(self.out)
        return exit_of(found)

    def _look_for_gone(self, ledger: LedgerWriter, intake: Intake) -> None:
        places = gone(ledger, intake)
        if self.forget_gone:
            ledger.forget(places)
        ledger.keep_facts({FACT: encode([] if self.forget_gone else places)})

    @contextmanager
    def _graders(self, tier: Tier) -> Iterator[Graders]:
        """Raises Inconclusive and UsageError where there is no cluster."""
        if self.cluster:
            from grader.classes.cluster import cluster_graders  # of use with --dask only

            with cluster_graders(self.cluster, is_unsafe=self.wish.unsafe) as graders:
                yield graders
            return
        with fork_servers() as servers, Pool(self.at_once, servers) as pool:
            yield LocalGraders(pool, tier=tier, at_once=self.at_once)


def exit_of(found: Audit) -> Exit:
    """PASSED where each submission has a result."""
    undecided = (found.failures, found.broken, found.unclear, found.waiting, found.problems)
    return Exit.UNDECIDED if any(undecided) else Exit.PASSED


def _is_of_same_folder(ledger: Ledger, source: Source) -> bool:
    """Whether the submissions of an earlier run lay where they lie now."""
    before = ledger.fact("source")
    return bool(before) and Source.decode(before).submissions == source.submissions.resolve()


def _seed(out: Path) -> str:
    """The seed of the ledger that is there, or a new one: no student can know it."""
    if (out / FILE).is_file():
        with Ledger.open(out) as ledger:
            return ledger.settings.seed
    return os.urandom(8).hex()


@contextmanager
def _alone(out: Path) -> Iterator[Path]:
    """The folder for private copies while no other process grades into ``out``. Raises UsageError and Inconclusive."""
    work = out / "work"
    is_new = not out.exists()
    with writing(out / FILE):
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"Another `grade class` writes to {out} at the moment: wait until it has ended.") from None
        trees.remove(work)  # of one that was killed
        work.mkdir(mode=0o700)
    forget = interrupt.on_end(lambda: trees.remove(work))
    try:
        yield work
    finally:
        trees.remove(work)
        forget()
        if not (out / FILE).exists():
            _leave_nothing(out, is_new=is_new)
        os.close(lock)


def _leave_nothing(out: Path, *, is_new: bool) -> None:
    """After a command that was refused: without a ledger, the folder may be taken for what a student handed in."""
    with suppress(OSError):
        (out / "lock").unlink()
        if is_new:
            out.rmdir()


def _tell_old(ledger: Ledger, tasks: Sequence[Task]) -> None:
    """Why grades that there are do not count: somebody may have given another seed without meaning all of that."""
    asked = {(task.submission.student, task.submission.kata, task.submission.attempt) for task in tasks}
    rows = [row for row in ledger.rows() if row.place in asked and row.grade and not row.grade.is_current]
    old = [(row.submission.kata, row.grade) for row in rows if row.grade]
    digests = {kata.name: kata.digest for kata in ledger.katas()}
    changed = {
        "specification": any(grade.specification != digests[kata] for kata, grade in old),
        "version of the grader": any(grade.grader != ledger.grader for _, grade in old),
        "seed": any(grade.seed != ledger.settings.seed for _, grade in old),
    }
    causes = " and ".join(cause for cause, has_changed in changed.items() if has_changed)
    if old:
        were = "submission was" if len(old) == 1 else "submissions were"
        click.echo(f"grade: {len(old)} {were} graded by another {causes}: to be graded again.", err=True)


def _tell_doubts(intake: Intake, settings: Settings, *, is_shard: bool) -> None:
    if settings.deadline and not intake.is_dated:
        click.echo(
            "grade: no submission says when it was handed in, so none counts as late. To go by the times of the files, "
            'write handed-in = "modified" into class.toml.',
            err=True,
        )
    is_marked = is_shard or any(task.submission.is_marked_late for task in intake.tasks)  # marks may be in other shards
    if (settings.late.percent or settings.late.refuse) and not settings.deadline and not is_marked:
        click.echo(
            "grade: [late] takes nothing, as there is no deadline: write one into class.toml, or give --deadline.",
            err=True,
        )
    if intake.strangers:
        names = ", ".join(visible(name, 60) for name in intake.strangers[:10])
        more = f" and {len(intake.strangers) - 10} more" if len(intake.strangers) > 10 else ""
        count = plural(len(intake.strangers), "submission")
        if intake.is_unmatched:
            click.echo(
                "grade: no submission is of a student on the roster, so every student on it has 0 points. Take "
                f"another roster, or name the submissions as it names the students. {count} of nobody on it: "
                f"{names}{more}.",
                err=True,
            )
        else:
            click.echo(f"grade: {count} of nobody on the roster: {names}{more}. They are graded, too.", err=True)
