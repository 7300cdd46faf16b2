"""A living platform for the tests of a module, which look at it or break it for a moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.soundstage.platform import (
    Collector,
    Living,
    clear,
    processes_of,
    run,
    until,
)


@pytest.fixture(scope="module")  # modules run in any order: it would weigh on all the others
def _platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    state: Path = tmp_path_factory.mktemp("stage")
    collector = Collector()
    told = ["--traces", collector.url, "--traces-share", "1", "--events", f"{collector.url}/events"]
    started = run("up", "--state", str(state), *told)
    try:
        assert started.returncode == 0, started.stderr
        yield Living(state, collector)
        stopped = run("down", "--state", str(state))
        assert stopped.returncode == 0, stopped.stderr
        assert not processes_of(state)
    finally:
        clear(state)
        collector.close()


@pytest.fixture
def living(_platform: Living) -> Living:
    """The platform once it serves every programme: the test before may have broken it."""
    until(_platform.serves_all, within_s=25, what="every programme at the edge")
    return _platform


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    clear(tmp_path)
