"""Everything that users read uses the words of docs/glossary.md, and none of its second table."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

GLOSSARY = ROOT / "docs" / "glossary.md"

#: What is read, by area: a file, or a pattern of files.
AREAS = {
    "README": ["README.md"],
    "CONTRIBUTING": ["CONTRIBUTING.md"],
    "CHANGELOG": ["CHANGELOG.md"],
    "Makefile": ["Makefile"],
    "docs": ["docs/*.md"],
    "examples": ["examples/*.md", "examples/*.py"],
    "katas": ["katas/*/README.md", "katas/*/app.py", "katas/*/kata.toml", "katas/*/schemas/*", "katas/*/spec/*"],
    "solutions": ["solutions/*/**/*.py", "solutions/*/*.toml"],
    "benchmarks": ["benchmarks/*.py"],
    "grader": ["*.py", "grader/*.py"],
    **{
        f"grader/{package.name}": [
            f"grader/{package.name}/**/*{ending}" for ending in (".py", ".md", ".json", ".jinja", ".toml")
        ]
        for package in sorted(ROOT.joinpath("grader").iterdir())
        if any(package.rglob("*.py")) and package.name != "_bundle"  # a moved package may leave its caches behind
    },
}

#: Where a banned word is right after all: the phrase around it (a regular expression), and why it may stand.
ALLOWED = {
    r"there (is|are|was) no \w+": "says that something does not exist; the banned form means 'is not a'",
    r"(is|are|was) no (longer|more|less)\b": "an adverb, not 'no' and a noun",
    r"(a|the|each|every|last|own|blank|whose|where \w+) line ends\b": "'ends' is a verb here",
}

#: The same for one file: the banned phrase, and why it may stand there.
ALLOWED_IN = {
    ("grader/probe/domains/words.py", "calm"): "a word to draw; without it every seed would draw other texts",
    ("grader/probe/domains/words.py", "mends"): "a word to draw; without it every seed would draw other texts",
    (
        "solutions/kata-3-llm-response-simulator/app.py",
        "the answer",
    ): "on a line of code, which ids of mutants depend on",
}

#: Names of the code in which a banned word is right, and why.
ALLOWED_NAMES = {"NOUNS": "nouns of the grammar, beside adjectives and verbs"}


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose: where it begins, and what it says."""

    file: Path
    line: int
    text: str


def banned() -> dict[str, str]:
    """Each banned phrase of the glossary, with what to write instead."""
    table = GLOSSARY.read_text("utf-8").partition("## Not used")[2]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {phrase: instead for phrases, instead in rows[2:] for phrase in phrases.split(", ")}


def pattern(phrase: str) -> str:
    """A regular expression for a phrase of the table, in which `*` is any ending and `…` any word."""
    return r"\b" + re.escape(phrase).replace(r"\*", r"\w*").replace("…", r"\w+").replace(r"\ ", r"\s+") + r"\b"


#: As in ALLOWED, but a space may be a line ending, too.
EXCEPTIONS = [re.compile(phrase.replace(" ", r"\s+"), re.IGNORECASE) for phrase in ALLOWED]
INSTEAD = banned()
BANNED = {phrase: re.compile(pattern(phrase), re.IGNORECASE) for phrase in INSTEAD}


def of_markdown(file: Path) -> Iterator[Passage]:
    """Paragraphs, without `code spans`. Fenced blocks are prose, too: reports, and files that authors copy."""
    text = file.read_text("utf-8")
    if file == GLOSSARY:
        text = text.partition("## Not used")[0]
    line = 1
    for block in text.split("\n\n"):
        yield Passage(file, line, block)
        line += block.count("\n") + 2


def of_python(file: Path) -> Iterator[Passage]:
    """String literals (docstrings are some) and comments."""
    source = file.read_text("utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Passage(file, node.lineno, node.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Passage(file, token.start[0], token.string)


def names_in(file: Path) -> Iterator[Passage]:
    """Names that a module defines: modules, classes, functions, parameters, variables, attributes; word by word."""
    yield Passage(file, 1, words_of(file.stem))
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
            ):
                if name not in ALLOWED_NAMES:
                    yield Passage(file, node.lineno, words_of(name))


def words_of(name: str) -> str:
    """``_hang_up`` and ``HangUp`` are "hang up"."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)).lower()


def strings_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from strings_in(part)
        case list():
            for part in value:
                yield from strings_in(part)


def of_json(file: Path) -> Iterator[Passage]:
    yield from (Passage(file, 1, text) for text in strings_in(json.loads(file.read_text("utf-8"))))


def of_toml(file: Path) -> Iterator[Passage]:
    yield from (Passage(file, 1, text) for text in strings_in(tomllib.loads(file.read_text("utf-8"))))


def of_template(file: Path) -> Iterator[Passage]:
    """What stands between the tags of Jinja, without names of classes."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        yield Passage(file, number, re.sub(r'\{[{%].*?[%}]\}|class="[^"]*"', " ", line))


def of_makefile(file: Path) -> Iterator[Passage]:
    """Descriptions of targets, and what is printed."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if "##" in line or "echo" in line or line.startswith("#"):
            yield Passage(file, number, line)


READERS: dict[str, Callable[[Path], Iterator[Passage]]] = {
    ".md": of_markdown,
    ".py": of_python,
    ".json": of_json,
    ".toml": of_toml,
    ".jinja": of_template,
    "": of_makefile,
}


def passages(area: str) -> Iterator[Passage]:
    for glob in AREAS[area]:
        for file in sorted(ROOT.glob(glob)):
            if "__pycache__" not in file.parts:
                yield from READERS[file.suffix](file)


def without_code(text: str) -> str:
    return re.sub(r"(?m)^\s*```.*$|``[^`]+``|`[^`\n]+`", "`code`", text)


def found_in(passage: Passage) -> Iterator[str]:
    """What is wrong with a passage: the banned phrase, where it stands, and what to write instead."""
    text = without_code(passage.text)
    allowed = [match.span() for exception in EXCEPTIONS for match in exception.finditer(text)]
    name = passage.file.relative_to(ROOT).as_posix()
    for phrase, expression in BANNED.items():
        if (name, phrase) in ALLOWED_IN:
            continue
        for match in expression.finditer(text):
            start, end = match.span()
            if not any(first <= start and end <= last for first, last in allowed):
                around = " ".join(text[max(0, start - 30) : end + 30].split())
                line = passage.line + text.count("\n", 0, start)
                yield f"{name}:{line}: “{around}”: instead of “{phrase}”: {INSTEAD[phrase]}"


@pytest.mark.parametrize("area", AREAS)
def test_no_banned_word_is_read_by_users(area: str) -> None:
    read = list(passages(area))
    assert read, f"the area {area} has no text: its patterns match nothing"
    assert [fault for passage in read for fault in found_in(passage)] == []


def test_no_name_in_the_grader_has_a_banned_word() -> None:
    files = sorted(file for file in ROOT.glob("grader/**/*.py") if "__pycache__" not in file.parts)
    assert [fault for file in files for name in names_in(file) for fault in found_in(name)] == []


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("The client hangs up.", ["hangs up"]),
        ("A line\n    ends", []),
        ("an odd line\n    end", ["line end"]),
        ("NaN is no JSON", ["is no …"]),
        ("there is no JSON", []),
        ("it is no longer JSON", []),
        ("`reply` is a name", []),
        ("the reply_to key", []),
        ("heartbeats", []),
        ("Patiently", ["patien*"]),
    ],
)
def test_words_are_found_whole_and_outside_of_code(text: str, phrases: list[str]) -> None:
    found = list(found_in(Passage(ROOT / "README.md", 1, text)))
    assert [fault.split("instead of “")[1].split("”")[0] for fault in found] == phrases


@pytest.mark.parametrize(
    ("name", "words"),
    [("_hang_up", "hang up"), ("HangUp", "hang up"), ("LAST_LINES", "last lines"), ("HTTPError", "http error")],
)
def test_a_name_is_read_word_by_word(name: str, words: str) -> None:
    assert words_of(name) == words


def test_each_exception_is_needed() -> None:
    """An exception that nothing uses would hide a mistake one day."""
    texts = [without_code(passage.text) for area in AREAS for passage in passages(area)]
    assert [one.pattern for one in EXCEPTIONS if not any(map(one.search, texts))] == []
    for name, phrase in ALLOWED_IN:
        assert BANNED[phrase].search(ROOT.joinpath(name).read_text("utf-8")), (name, phrase)
    code = "".join(file.read_text("utf-8") for file in ROOT.glob("grader/**/*.py"))
    assert [name for name in ALLOWED_NAMES if not re.search(rf"\b{name}\b", code)] == []


def test_the_glossary_defines_each_term_once() -> None:
    table = GLOSSARY.read_text("utf-8").partition("## Terms")[2].partition("## Not used")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")][2:]
    terms = [term.strip() for names, *_ in rows for term in names.split(",")]
    assert [term for term in terms if terms.count(term) > 1] == []
    assert all(len(row) == 3 and row[1].strip().endswith((".", ".)")) for row in rows)
