"""The tree that is in force, value by value, and what a reload changes; never a secret."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from auscult.runtime.settings.entries import Entry, PlugSettings
from auscult.runtime.settings.origins import CODE, DEFAULT, Origin, Path, spell
from auscult.runtime.settings.secrecy import HIDDEN, show
from auscult.runtime.settings.tree import Settings


class EffectiveValue(NamedTuple):
    """One value in force: its path (`server.port`), itself as it may be shown, its origin."""

    path: str
    value: Any
    origin: Origin


class SettingChange(NamedTuple):
    """One difference between two trees, as it may be shown; None is "not there"."""

    path: str
    before: Any
    after: Any


def effective_tree(settings: Settings) -> list[EffectiveValue]:
    """Return every value in force, in the order of the tree, secrets hidden.

    What tenants inherit stands at each tenant with its place under `defaults:`.
    """
    return [
        EffectiveValue(spell(path), show(path, value), _origin(settings, path))
        for path, value in _leaves(settings)
    ]


def diff(old: Settings, new: Settings) -> list[SettingChange]:
    """Return what a reload changes, in the order of the new tree, then what is gone.

    A changed secret is told as changed, not what it was or is.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    changed = []
    for path in [*after, *(path for path in before if path not in after)]:
        pair = [leaves.get(path) for leaves in (before, after)]
        if path in before and path in after and pair[0] == pair[1]:
            continue
        shown = [
            show(path, value) if path in leaves else None
            for value, leaves in zip(pair, (before, after), strict=True)
        ]
        if shown[0] == shown[1] and HIDDEN in str(shown[1]):
            shown[1] = f"{shown[1]} (changed)"
        changed.append(SettingChange(spell(path), *shown))
    return changed


def _leaves(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401
    if isinstance(part, Entry):
        yield from _leaves({**_chosen(part), **part.settings}, path)
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            if path or name != "defaults":
                yield from _leaves(getattr(part, name), (*path, name))
    elif isinstance(part, dict) and part:
        for key, value in part.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(part, tuple | list) and any(isinstance(item, dict | Entry) for item in part):
        for index, item in enumerate(part):
            yield from _leaves(item, (*path, index))
    else:
        yield path, part


def _chosen(entry: Entry) -> dict[str, Any]:
    if not isinstance(entry, PlugSettings):
        return {}
    return {"use": entry.use} if entry.name is None else {"use": entry.use, "name": entry.name}


def _origin(settings: Settings, path: Path) -> Origin:
    document = settings.document
    if document is None:
        return CODE
    return document.place(path) if document.find(path) else DEFAULT
