"""One clean machine for all recipes: it takes a second to make."""

from __future__ import annotations

import pytest

from tests.handout.machines import Machine


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))
