"""A YAML file as a tree in which every value and every key knows its place.

The tree is built from PyYAML's events, never from its constructors: no tag builds an object,
nothing recurses, and depth, size and what aliases expand to are bounded while reading.
Plain scalars follow the core schema of YAML 1.2, where `on`, `yes` and `12:30` are text.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.origins import Origin, Path, locate

BYTES_MAX = 1 << 20
DEPTH_MAX = 32
NODES_MAX = 100_000

MERGED = "<<"
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INT_DIGITS_MAX = 20


@dataclass(slots=True)
class Node:
    """One value of the file: a scalar, a list of nodes, or nodes by key.

    `origin` is where the value begins; `key_origins` where each key of a mapping does.
    """

    value: Any
    origin: Origin
    key_origins: dict[str, Origin] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Any:  # noqa: ANN401 (whatever the file holds)
        """Return the value without places; lists become tuples."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return tuple(node.plain() for node in self.value)
        return self.value

    def child(self, step: str | int) -> "Node | None":
        """Return what stands under a key or at a list position, None for nothing."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            found: Node = self.value[step]
            return found
        return None

    def find(self, path: Path) -> "Node | None":
        """Return the node at a path, None where there is none."""
        node: Node | None = self
        for step in path:
            node = node.child(step) if node else None
        return node

    def place(self, path: Path) -> Origin:
        """Return where the value at a path begins, or else the closest thing around it."""
        node = self
        for step in path:
            below = node.child(step)
            if below is None:
                break
            node = below
        return node.origin

    def key_place(self, path: Path) -> Origin:
        """Return where the last key of a path stands, or else the closest thing around it."""
        node = self
        for step in path[:-1]:
            below = node.child(step)
            if below is None:
                return node.origin
            node = below
        return node.key_origins.get(str(path[-1]), node.place(path[-1:])) if path else node.origin


def read_document(text: str, *, file: str, others: bool = False) -> Node:
    """Return the tree of one YAML document; raises `SettingError` with file, line and column.

    With `others` it is read as a program of Go reads its own: a plain scalar is the text it is
    written as, for whoever takes it to make a number of it, and merge keys (`<<`) are taken.
    """
    if len(text) > BYTES_MAX:
        raise SettingError(f"{file}:1:1: larger than {BYTES_MAX} bytes")
    try:
        return _Builder(file, others=others).build(text)
    except yaml.MarkedYAMLError as why:
        mark = why.problem_mark or why.context_mark
        place = _place(file, mark) if mark else Origin(file=file, line=1, column=1)
        said = ", ".join(part for part in (why.context, why.problem) if part)
        raise SettingError(f"{locate(place)}: not YAML: {said}") from None
    except yaml.reader.ReaderError as why:
        before = text[: why.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise SettingError(f"{file}:{line}:{column}: not YAML: {why.reason}") from None


class _Builder:
    """Turns events into nodes with a stack of its own."""

    def __init__(self, file: str, *, others: bool = False) -> None:
        self._file = file
        self._others = others
        self._open: list[tuple[Node, str | None]] = []  # containers, with the anchor of each
        self._keys: list[str | None] = []  # beside it: the key that waits for its value
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._count = 0

    def build(self, text: str) -> Node:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                self._take(event)
            elif isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
                self._refuse(event, "only one document is read from a file")
        return self._root or Node({}, Origin(file=self._file, line=1, column=1))

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            node, anchor = self._open.pop()
            self._keys.pop()
            self._merge(event, node)
            self._put(event, node, anchor)
        elif self._is_key_wanted():
            self._take_key(event)
        elif isinstance(event, yaml.AliasEvent):
            self._put(event, self._alias(event), None)
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            value = self._written(event) if self._others else self._scalar(event)
            node = Node(value, _place(self._file, event.start_mark))
            self._put(event, node, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_tag(event)
            self._enter(event)

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            self._refuse(event, f"the tag {event.tag} is not taken; write the plain value")

    def _enter(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) >= DEPTH_MAX:
            self._refuse(event, f"nested deeper than {DEPTH_MAX}")
        empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append((Node(empty, _place(self._file, event.start_mark)), event.anchor))
        self._keys.append(None)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            self._refuse(event, f"no complete value above is called &{event.anchor}")
        return self._anchors[event.anchor]

    def _take_key(self, event: yaml.Event) -> None:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            self._refuse(event, "a key must be a plain word")
        node, key = self._open[-1][0], event.value
        if key == MERGED and event.implicit[0] and not self._others:
            self._refuse(event, "merge keys (<<) are not taken; `defaults:` is inherited instead")
        if key in node.value:
            first = node.key_origins[key]
            self._refuse(event, f"the key {key!r} stands twice, first in line {first.line}")
        node.key_origins[key] = _place(self._file, event.start_mark)
        self._keys[-1] = key

    def _merge(self, event: yaml.Event, node: Node) -> None:
        """Fill in what a merge key names; what stands in the mapping itself goes before it."""
        if not (self._others and isinstance(node.value, dict) and MERGED in node.value):
            return
        below, _ = node.value.pop(MERGED), node.key_origins.pop(MERGED)
        for source in below.value if isinstance(below.value, list) else [below]:
            if not isinstance(source.value, dict):
                self._refuse(event, f"{MERGED} names no mapping")
            node.value = source.value | node.value
            node.key_origins = source.key_origins | node.key_origins

    def _put(self, event: yaml.Event, node: Node, anchor: str | None) -> None:
        self._count += node.size if isinstance(event, yaml.AliasEvent) else 1
        if self._count > NODES_MAX:
            self._refuse(event, f"more than {NODES_MAX} values, aliases expanded")
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        parent = self._open[-1][0]
        parent.size += node.size
        if isinstance(parent.value, list):
            parent.value.append(node)
        else:
            parent.value[self._keys[-1]] = node
            self._keys[-1] = None

    def _is_key_wanted(self) -> bool:
        return bool(
            self._open and isinstance(self._open[-1][0].value, dict) and self._keys[-1] is None
        )

    def _written(self, event: yaml.ScalarEvent) -> str | None:
        text: str = event.value
        return None if event.implicit[0] and text in _NOTHING else text

    def _scalar(self, event: yaml.ScalarEvent) -> bool | int | float | str | None:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text.lower() in _WORDS and text in {text.lower(), text.title(), text.upper()}:
            return _WORDS[text.lower()]
        if _INT.fullmatch(text):
            if len(text) > _INT_DIGITS_MAX:
                self._refuse(event, "a number of that many digits is not taken")
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _SPECIAL_FLOAT.fullmatch(text):
            return float(text.replace(".", "", 1))
        return text

    def _refuse(self, event: yaml.Event, why: str) -> NoReturn:
        raise SettingError(f"{locate(_place(self._file, event.start_mark))}: {why}")


def _place(file: str, mark: Any) -> Origin:  # noqa: ANN401 (of either of PyYAML's parsers)
    return Origin(file=file, line=mark.line + 1, column=mark.column + 1)
