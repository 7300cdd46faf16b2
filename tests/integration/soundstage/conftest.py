"""One living platform for the tests that only look at it or break it for a moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.soundstage.platform import Living, clear, processes_of, run


@pytest.fixture(scope="session")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    state: Path = tmp_path_factory.mktemp("stage")
    started = run("up", "--state", str(state))
    try:
        assert started.returncode == 0, started.stderr
        yield Living(state)
        stopped = run("down", "--state", str(state))
        assert stopped.returncode == 0, stopped.stderr
        assert not processes_of(state)
    finally:
        clear(state)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    clear(tmp_path)
