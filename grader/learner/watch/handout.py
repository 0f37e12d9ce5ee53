"""What a watch writes for its learner: the last report as a page, and a request that a shell can run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from grader import interrupt
from grader.model import CheckResult, Report
from grader.report import browser, html, reproduce

_PAGE, _REQUEST = "report.html", "request.sh"


class Handout:
    """Files in a folder that is removed at the end. ``address`` is that of a page that is served, "" where none is."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._folder: TemporaryDirectory[str] | None = None

    def open(self, report: Report) -> str:
        """Show the report as a page in a browser; returns what the user must know, or ""."""
        if self._address:
            is_shown = browser.show_address(self._address)
            return "" if is_shown else f"No browser can be started here. The page is {self._address}"
        try:
            page = self._write(report)
        except OSError as error:
            return f"The page cannot be written: {error.strerror}."
        return "" if browser.show(page) else f"No browser can be started here. The page is {page}, until you quit."

    def copy(self, failed: CheckResult | None, copy: Callable[[str], None]) -> str:
        """Copy the curl line of a failed check, and write it to a file that a shell can run; returns what to say."""
        lines = reproduce.shown(failed) if failed is not None else ()
        if not lines:
            return "There is no request to copy."
        copy(lines[0])
        try:
            file = Path(self._made(), _REQUEST)
            file.write_text(f"{lines[0]}\n", "utf-8")
        except OSError:
            return "The request is copied."
        return f"The request is copied. Until you quit it is in {file}, too."

    def remove(self) -> None:
        """Remove the files, if there are any."""
        if self._folder is not None:
            self._folder.cleanup()
            self._forget()

    def _made(self) -> str:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="stream-katas-", ignore_cleanup_errors=True)
            self._forget = interrupt.on_end(self._folder.cleanup)
        return self._folder.name

    def _write(self, report: Report) -> Path:
        page = Path(self._made(), _PAGE)
        page.write_text(html.render(report), "utf-8")
        return page
