"""The shelf of faults: a file's name is the fault's name; nothing else needs to be edited."""

from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import soundstage.faults
from soundstage.errors import BadTarget, UnknownFault
from soundstage.sabotage.port import Fault


def names() -> list[str]:
    """List the faults on the shelf without importing them."""
    files = [file for folder in soundstage.faults.__path__ for file in Path(folder).glob("*.py")]
    return sorted(file.stem for file in files if not file.stem.startswith("_"))


def load(name: str) -> type[Fault]:
    """Import one fault; raises ``UnknownFault`` with the right names."""
    if name not in names():
        raise UnknownFault(f"no fault '{name}'; there are: {', '.join(names())}")
    module = import_module(f"soundstage.faults.{name}")
    found = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Fault)
        and thing.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise UnknownFault(f"faults/{name}.py must hold exactly one Fault, it holds {len(found)}")
    return found[0]


def build(name: str, parameters: dict[str, Any]) -> Fault:
    """Make a fault with parameters (text is converted); raises ``BadTarget`` on a wrong one."""
    kind = load(name)
    known = {field.name: field for field in fields(kind)}
    wrong = sorted(set(parameters) - set(known))
    if wrong:
        raise BadTarget(f"{name} has no parameter {wrong[0]}; it has: {', '.join(known) or 'none'}")
    try:
        typed = {key: type(getattr(kind, key))(value) for key, value in parameters.items()}
    except ValueError as error:
        raise BadTarget(f"{name}: {error}") from error
    return kind(**typed)
