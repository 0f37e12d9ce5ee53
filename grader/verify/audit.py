"""Does a verdict depend on the machine's mood? Every exhibit is graded again and again, beside a load."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from grader.catalog.kata import Kata
from grader.errors import UsageError
from grader.grading.plugin import checks_of
from grader.model import Check, Outcome
from grader.verify.busy import busy
from grader.verify.confidence import upper_bound
from grader.verify.judge import judge
from grader.verify.reference import ReferenceApp, Role, find_reference_apps
from grader.verify.survival import ACCEPTED

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One grade of one exhibit: outcomes, and headlines of what failed; ``trouble`` says why there are none."""

    label: str
    repeat: int
    seed: str
    outcomes: dict[str, Outcome]
    trouble: str = ""
    headlines: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One verdict that was not what it had to be, and what was said. ``seed`` repeats it, if anything does."""

    label: str
    check: str
    expected: Outcome
    seen: Outcome
    seed: str
    headline: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How often the verdict of one check was another one; ``bound`` holds with 95 % confidence."""

    check: Check
    trials: int
    differed: int
    inconclusive: int

    @property
    def bound(self) -> float:
        return upper_bound(hits=self.differed, trials=self.trials)


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of all repeats; no problem means that not one verdict differed."""

    kata: Kata
    repeats: int
    load: int
    samples: tuple[Sample, ...]
    tallies: tuple[Tally, ...]
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]


class Ledger:
    """Samples in a file, one JSON object a line, so that a long audit can be gone on with later.

    Those of another version of the kata, its solutions or the grader are passed over.
    """

    def __init__(self, file: Path | None, kata: Kata) -> None:
        self._file = file
        self._version = _version(kata)
        self._kata = kata.name
        self.samples: dict[tuple[str, int], Sample] = {}
        if file is not None:
            self._open(file)

    def keep(self, sample: Sample) -> None:
        """Add a sample, to the file too."""
        self.samples[sample.label, sample.repeat] = sample
        if self._file is None:
            return
        line = {
            "kata": self._kata,
            "version": self._version,
            "app": sample.label,
            "repeat": sample.repeat,
            "seed": sample.seed,
            "outcomes": {name: outcome.value for name, outcome in sample.outcomes.items()},
            "trouble": sample.trouble,
            "headlines": sample.headlines,
        }
        with self._file.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(line) + "\n")

    def _open(self, file: Path) -> None:
        """Read what is there, and make sure that more can be written after it."""
        try:
            with file.open("a+b") as ledger:
                if ledger.tell():
                    ledger.seek(-1, os.SEEK_END)
                    if ledger.read() != b"\n":  # whoever wrote it was interrupted
                        ledger.write(b"\n")
        except OSError as error:
            raise UsageError(f"--resume: {str(file)!r} cannot be written: {error.strerror}") from None
        self._read(file)

    def _read(self, file: Path) -> None:
        try:
            lines = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.endswith("}")]
            found = [line for line in lines if (line["kata"], line["version"]) == (self._kata, self._version)]
            for line in found:
                outcomes = {name: Outcome(value) for name, value in line["outcomes"].items()}
                sample = Sample(line["app"], line["repeat"], line["seed"], outcomes, line["trouble"], line["headlines"])
                self.samples[sample.label, sample.repeat] = sample
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"--resume: {str(file)!r} is no record of an audit: {error}") from None


def audit(
    kata: Kata,
    *,
    repeats: int,
    load: int,
    jobs: int,
    seed: str,
    ledger: Ledger,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Audit:
    """Grade every exhibit ``repeats`` times beside ``load`` busy processes, with a new seed each time.

    ``progress`` is told how many grades are done, and how many there are. Raises BadKata.
    """
    checks = tuple(checks_of(kata))
    exhibits = {exhibit.label: exhibit for exhibit in find_reference_apps(kata)}
    wanted = [(label, repeat) for repeat in range(repeats) for label in exhibits]
    missing = [key for key in wanted if key not in ledger.samples]
    progress(len(wanted) - len(missing), len(wanted))
    with busy(load), ThreadPoolExecutor(jobs) as pool:
        taken = pool.map(lambda key: _sample(kata, exhibits[key[0]], key[1], f"{seed}-{key[1]}-{key[0]}"), missing)
        for number, sample in enumerate(taken, len(wanted) - len(missing) + 1):
            ledger.keep(sample)
            progress(number, len(wanted))
    samples = tuple(ledger.samples[key] for key in wanted)
    differences = tuple(_differences(samples, exhibits, checks))
    tallies = tuple(_tally(check, samples, differences) for check in checks)
    return Audit(kata, repeats, load, samples, tallies, differences, tuple(_problems(samples, differences)))


def expectation(exhibit: ReferenceApp, checks: Iterable[Check]) -> dict[str, Outcome]:
    """The one right verdict: of what a wrong app's docstring names, of what that blocks, and of everything else."""
    expected: dict[str, Outcome] = {}
    for check in checks:
        if any(expected.get(name) is not Outcome.PASSED for name in check.after):
            expected[check.id] = Outcome.BLOCKED
        elif exhibit.role is Role.STUB or check.id in exhibit.fails:
            expected[check.id] = Outcome.FAILED
        else:
            expected[check.id] = Outcome.PASSED
    return expected


def _sample(kata: Kata, exhibit: ReferenceApp, repeat: int, seed: str) -> Sample:
    verdict = judge(kata, exhibit, hashlib.sha256(seed.encode()).hexdigest()[:8])
    return Sample(exhibit.label, repeat, verdict.seed, verdict.outcomes, verdict.trouble, verdict.headlines)


def _differences(
    samples: Iterable[Sample], exhibits: dict[str, ReferenceApp], checks: tuple[Check, ...]
) -> Iterator[Difference]:
    expected = {label: expectation(exhibit, checks) for label, exhibit in exhibits.items()}
    for sample in samples:
        for name, seen in sample.outcomes.items():
            right = expected[sample.label][name]
            if seen not in (right, Outcome.INCONCLUSIVE):
                yield Difference(sample.label, name, right, seen, sample.seed, sample.headlines.get(name, ""))


def _tally(check: Check, samples: Iterable[Sample], differences: Iterable[Difference]) -> Tally:
    outcomes = [sample.outcomes[check.id] for sample in samples if check.id in sample.outcomes]
    inconclusive = outcomes.count(Outcome.INCONCLUSIVE)
    differed = sum(difference.check == check.id for difference in differences)
    return Tally(check, len(outcomes) - inconclusive, differed, inconclusive)


def _problems(samples: Iterable[Sample], differences: Iterable[Difference]) -> Iterator[str]:
    for sample in samples:
        if sample.trouble:
            yield f"{sample.label}: {sample.trouble} (seed {sample.seed})"
    for found in differences:
        yield (
            f"{found.label}: {found.check} is {found.seen.value}, which must be {found.expected.value} "
            f"(seed {found.seed}){f': {found.headline}' if found.headline else ''}"
        )


def _version(kata: Kata) -> str:
    """What a verdict may depend on: the kata, its solutions, the grader; and nothing that is only about mutants."""
    digest = hashlib.sha256()
    for folder in (kata.folder, kata.solutions, _PACKAGE):
        files = (path for path in folder.rglob("*") if path.is_file() and path.name != ACCEPTED)
        for file in sorted(path for path in files if "__pycache__" not in path.parts):
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
