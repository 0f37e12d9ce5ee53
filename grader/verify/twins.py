"""Reference apps that are the same app: one of the two proves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.catalog.kata import Kata
from grader.syntax import exact_form
from grader.verify.reference import ReferenceApp, Role


def twins(kata: Kata, apps: Iterable[ReferenceApp]) -> Iterator[str]:
    """A problem for each app that differs from an earlier one at most in docstrings and comments; no stub counts."""
    first: dict[str | bytes, ReferenceApp] = {}
    for app in apps:
        if app.role is Role.STUB or not app.file.is_file():
            continue
        source = app.file.read_bytes()
        earlier = first.setdefault(exact_form(source) or source, app)
        if earlier is not app:
            yield (
                f"{_name(app, kata)} is the same app as {_name(earlier, kata)}, but for docstrings and comments, and "
                f"proves nothing: {_advice(earlier, app)}"
            )


def _name(app: ReferenceApp, kata: Kata) -> str:
    return app.file.relative_to(kata.solutions).as_posix()


def _advice(earlier: ReferenceApp, app: ReferenceApp) -> str:
    """What to do about two apps; right ones come before wrong ones."""
    if earlier.role is Role.WRONG:
        return "make another mistake in one of them, or remove one"
    if app.role is Role.WRONG:
        return "make the mistake in the wrong one, or remove it"
    return "write one of them in another style, or remove one"
