"""`auscult list`: what stands on the shelves, read without loading what is not asked for."""

import ast
import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from auscult.kernel.errors import SettingError
from auscult.kernel.plugs import Plug, Shelf

SHELVES = {
    "sources": "auscult.signals",
    "detectors": "auscult.detection",
    "monitors": "auscult.performance",
    "channels": "auscult.notification",
    "actions": "auscult.remediation",
}
"""Each shelf by its folder's name, and the room it stands in; the room's port names it too."""


def list_shelves(wanted: str, *, as_json: bool) -> None:
    """Print plug names and their first sentence; raises `SettingError` for an unknown shelf."""
    if wanted and wanted not in SHELVES:
        raise SettingError(f"no shelf {wanted!r}; there are {', '.join(SHELVES)}")
    names = [wanted] if wanted else list(SHELVES)
    if as_json:
        sys.stdout.write(json.dumps({name: _schemas(name) for name in names}, indent=2) + "\n")
        return
    for name in names:
        sys.stdout.write(f"{name}\n")
        for plug in _bare(name).names():
            sys.stdout.write(f"  {plug:<16} {_sentence(f'{_package(name)}.{plug}')}\n")


def _schemas(name: str) -> dict[str, object]:
    """Return each plug's settings as JSON schema; this loads the plugs of this shelf."""
    shelf: Shelf[Plug] = getattr(import_module(f"{SHELVES[name]}.port"), name.upper())
    return {plug: shelf.load(plug).model_json_schema() for plug in shelf.names()}


def _bare(name: str) -> Shelf[Plug]:
    """Return the shelf without its port, so that listing names imports no plug."""
    return Shelf(_package(name), Plug)


def _package(name: str) -> str:
    return f"{SHELVES[name]}.{name}"


def _sentence(module: str) -> str:
    """Return the first line of a module's docstring, from its text: the module is not run."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    told = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return told.split("\n", 1)[0]
