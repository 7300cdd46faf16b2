"""What the house rules read: the project's files, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = {"node_modules", "vendor", "var", "build", "dist", "__pycache__"}
"""Folders that git ignores; hidden ones but `.ci` are left out as well."""

ROOMS = (
    *("kernel", "runtime", "vault", "store", "signals", "detection", "performance", "security"),
    *("incidents", "notification", "remediation", "learning", "reports", "engine", "surface"),
)

SHELVES = {
    "src/auscult/signals/sources",
    "src/auscult/detection/detectors",
    "src/auscult/performance/monitors",
    "src/auscult/security/monitors",
    "src/auscult/notification/channels",
    "src/auscult/remediation/actions",
    "src/auscult/reports/reports",
    "src/soundstage/faults",
}

PURE = (
    *("src/auscult/kernel/", "src/auscult/detection/", "src/auscult/performance/"),
    *("src/auscult/security/", "src/auscult/incidents/", "src/auscult/reports/"),
    *("src/auscult/notification/decide/", "src/auscult/notification/messages/"),
    "src/auscult/notification/forms/",
    *("src/auscult/notification/oncall/", "src/auscult/remediation/decide/"),
    *("src/auscult/signals/columns/", "src/auscult/signals/series/"),
    *("src/auscult/signals/exposition/", "src/auscult/signals/remote_write/"),
    *("src/auscult/signals/otlp/", "src/auscult/signals/tallies/", "src/auscult/signals/traces/"),
    "src/auscult/signals/players/",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def line_count(self) -> int:
        return self.text.count("\n")

    @property
    def is_shipped(self) -> bool:
        return self.path.startswith("src/")

    @property
    def is_plug(self) -> bool:
        return self.folder in SHELVES and self.stem != "__init__"

    @property
    def is_pure(self) -> bool:
        return self.path.startswith(PURE)

    def find(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))


@cache
def read_sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(path, (ROOT / path).read_text())
        for path in list_files()
        if path.endswith(".py") and not path.endswith("_pb2.py")
    )


@cache
def list_files() -> tuple[str, ...]:
    """Every file of the project but those that git ignores, as paths from the root."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[str]:
    for entry in folder.iterdir():
        hidden = entry.name.startswith(".") and entry.name != ".ci"
        if entry.is_dir() and not hidden and entry.name not in NOT_OURS:
            yield from _walk(entry)
        elif entry.is_file() and entry.suffix != ".pyc":
            yield entry.relative_to(ROOT).as_posix()
