"""The house rules hold in every file, and every rule is able to fail."""

import socket
import tomllib
from collections.abc import Callable, Iterator

import pytest

from tests.house import conduct, names, sizes
from tests.house.source import ROOMS, ROOT, SHELVES, Source, read_sources

Rule = Callable[[Source], Iterator[str]]

ROOM_FILES = 12
NOT_COUNTED = {"__init__.py", "port.py"}  # the room's face, and its shelf's
README_LINES = 60

EXAMPLES: dict[Rule, Source] = {
    sizes.refuse_long_file: Source("src/auscult/kernel/words.py", "x = 1\n" * 401),
    sizes.refuse_long_plug: Source("src/auscult/reports/reports/weekly.py", "x = 1\n" * 151),
    sizes.refuse_long_init: Source("src/auscult/kernel/__init__.py", "x = 1\n" * 41),
    sizes.refuse_long_function: Source("tests/a.py", "def f():\n" + "    x = 1\n" * 60),
    names.refuse_empty_file_name: Source("src/auscult/store/sql_utils.py", ""),
    names.refuse_empty_class_name: Source("src/a.py", "class IncidentManager: ..."),
    names.refuse_unit_in_front: Source("src/a.py", "def f(ms_latency): ..."),
    names.refuse_unsaid_module: Source("src/a.py", '"""words of the kernel"""'),
    names.refuse_remark: Source("src/a.py", "x = 1  # TO" + "DO: two"),
    names.refuse_code_in_init: Source("src/auscult/kernel/__init__.py", "def f(): ..."),
    conduct.refuse_broad_except: Source(
        "src/auscult/engine/a.py", "try: ...\nexcept (OSError, Exception): ..."
    ),
    conduct.refuse_chance_in_pure_room: Source("src/auscult/detection/a.py", "np.random.rand()"),
    conduct.refuse_environment: Source("src/auscult/store/a.py", "import os\nos.environ['A']"),
    conduct.refuse_pickle: Source("src/a.py", "from pickle import loads"),
    conduct.refuse_second_error_tree: Source("src/auscult/a.py", "class A(ValueError): ..."),
    conduct.refuse_bare_excuse: Source("src/a.py", "x = 1  # noqa: S105"),
    conduct.refuse_undeclared_import: Source("src/a.py", "import leftpad"),
}
"""Each rule, and a file that breaks it."""

DECENT = Source(
    "src/auscult/detection/level.py",
    '''"""The level of a series, learnt without a threshold."""

import numpy as np


def draw(values: list[float], rng: np.random.Generator, now_ms: int, *, window_s: int) -> float:
    """One value, by chance."""
    try:
        return values[rng.integers(len(values))]
    except IndexError:
        return np.nan
''',
)
"""A file in which every rule finds its words and none finds fault."""


@pytest.mark.parametrize("source", read_sources(), ids=lambda source: source.path)
def test_a_file_keeps_every_rule(source: Source) -> None:
    broken = [
        f"{source.path}:{what}  [{rule.__name__}]" for rule in EXAMPLES for what in rule(source)
    ]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.__name__)
def test_a_rule_is_able_to_fail(rule: Rule) -> None:
    assert list(rule(EXAMPLES[rule]))
    assert not list(rule(DECENT))


def test_the_linter_counts_parameters() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert lint["select"] == ["ALL"]
    assert lint["pylint"] == {"max-args": 5, "max-positional-args": 3}
    assert not {"PLR0913", "PLR0917", "PLR", "PL"} & set(lint["ignore"])


def test_the_rooms_are_those_of_the_design() -> None:
    folders = {path.parent.name for path in (ROOT / "src/auscult").glob("*/__init__.py")}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_stays_small(room: str) -> None:
    folder = ROOT / "src/auscult" / room
    readme = (folder / "README.md").read_text()
    assert readme.startswith(f"# {room}\n")
    assert readme.count("\n") <= README_LINES, "a room's README fits one screen"
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        files = [path.name for path in inner.glob("*.py") if path.name not in NOT_COUNTED]
        on_shelf = inner.relative_to(ROOT).as_posix() in SHELVES
        assert on_shelf or len(files) <= ROOM_FILES, f"{inner.name}: {len(files)} files: {files}"


@pytest.mark.parametrize("shelf", sorted(SHELVES))
def test_a_shelf_with_plugs_has_its_port(shelf: str) -> None:
    folder = ROOT / shelf
    plugs = [path for path in folder.iterdir() if not path.name.startswith(("_", "."))]
    room = ROOT / "src/soundstage/sabotage" if "soundstage" in shelf else folder.parent
    assert not plugs or (room / "port.py").is_file(), "the Plug and the Shelf stand in port.py"


def test_no_test_reaches_another_machine() -> None:
    with socket.socket() as probe, pytest.raises(pytest.fail.Exception, match="loopback"):
        probe.connect(("192.0.2.1", 9))


def test_every_test_is_run_by_the_command_that_runs_them_all() -> None:
    said = (ROOT / "scripts/test.sh").read_text()
    files = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    places = {"/".join(path.parts[:2]) for path in files}
    assert {place for place in places if place not in said} == set()
