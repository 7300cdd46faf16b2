"""Plug and Shelf: the one way to extend auscult.

A plug is one file on a shelf. The file's name is its configured name, its pydantic fields are its
settings, its docstring is its documentation. Adding one edits no other file.
"""

import inspect
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from auscult.kernel.errors import PlugUnknown


class Plug(BaseModel):
    """What stands on a shelf: a frozen settings model that knows how to do one thing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plug_name: ClassVar[str] = ""
    """The file's name on its shelf; set by the shelf when it loads the plug."""


P = TypeVar("P", bound=Plug)


class Shelf(Generic[P]):
    """A folder of plugs of one kind, listed without importing any of them."""

    def __init__(self, package: str, kind: type[P]) -> None:
        """Take the shelf's package (`auscult.detection.detectors`) and the kind that stands there.

        Third parties put theirs on the same shelf by an entry point in the group `package`.
        """
        self.package = package
        self.kind = kind
        self.load = cache(self._load)

    def names(self) -> list[str]:
        """Return every plug's name, sorted, without importing one."""
        return sorted({*self._own(), *self._foreign()})

    def make(self, name: str, settings: dict[str, Any]) -> P:
        """Return a plug with its settings; raises `PlugUnknown`, `pydantic.ValidationError`."""
        return self.load(name)(**settings)

    def _load(self, name: str) -> type[P]:
        if name in self._own():
            module = import_module(f"{self.package}.{name}")
        elif name in (foreign := self._foreign()):
            module = import_module(foreign[name])
        else:
            raise PlugUnknown(f"{name!r}; on this shelf stand {', '.join(self.names())}")
        found = [
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, self.kind) and member.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise PlugUnknown(f"{module.__name__} must define exactly one {self.kind.__name__}")
        found[0].plug_name = name
        return found[0]

    def _own(self) -> set[str]:
        spec = find_spec(self.package)
        folders = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
        return {
            entry.stem
            for folder in folders
            for entry in folder.iterdir()
            if not entry.name.startswith(("_", "."))
            and (entry.suffix == ".py" or (entry / "__init__.py").exists())
        }

    def _foreign(self) -> dict[str, str]:
        return {entry.name: entry.module for entry in entry_points(group=self.package)}
