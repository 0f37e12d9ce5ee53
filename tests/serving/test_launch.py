"""What a started app is given of the caller's environment."""

from __future__ import annotations

import pytest

from grader.serving.launch import app_environment

#: Where programs and people's settings are found, and what an interpreter or its libraries may need to start at all.
NEEDED = {
    *("PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE"),
    *("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
}


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_an_app_inherits_what_it_needs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "of the caller")
    assert app_environment()[name] == "of the caller"


@pytest.mark.parametrize("name", ["API_KEY", "GITHUB_TOKEN", "PYTHONSTARTUP", "PYTHONOPTIMIZE", "LD_PRELOAD", "LC"])
def test_an_app_inherits_nothing_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "of the caller")
    assert name not in app_environment()
