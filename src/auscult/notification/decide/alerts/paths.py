"""Where alerts go by their labels, remembered: senders say the same ones again every minute."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from auscult.kernel.alerts import Alert, Group
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts.inhibition import Inhibition, source_places
from auscult.notification.decide.alerts.tree import Node

PATHS_MAX = 200_000
SUM_BYTES = 7
"""So that a sum is never below nothing, and fits a column of 64 bits."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where an alert goes: (group's id, route) pairs; and under which keys it lies as a source.

    `sum` tells one set of groups and keys from any other; it is never 0.
    """

    ways: tuple[tuple[str, Node], ...]
    places: tuple[str, ...]
    sum: int

    def node(self, group_id: str) -> Node | None:
        """Return the route by which an alert comes into a group; None where it does not."""
        return next((node for name, node in self.ways if name == group_id), None)


@dataclass(slots=True)
class Paths:
    """The path of each label set, by the rules of one tenant; `PATHS_MAX` of them are remembered.

    `flushed` are groups that have been looked at since they began, as far as anybody has noticed.
    """

    tree: Node
    inhibit_rules: Sequence[Inhibition]
    flushed: set[str] = field(default_factory=set)
    _known: dict[str, Path] = field(default_factory=dict)

    def of(self, alert: Alert) -> Path:
        """Return an alert's path."""
        path = self._known.get(alert.fingerprint)
        if path is None:
            if len(self._known) >= PATHS_MAX:
                self._known.clear()
                self.flushed.clear()
            path = self._known[alert.fingerprint] = self._find(alert.labels)
        return path

    def note(self, *groups: Group) -> None:
        """Notice which groups have been looked at since they began."""
        self.flushed.update(one.id for one in groups if one.has_flushed)
        self.flushed.difference_update(one.id for one in groups if not one.has_flushed)

    def _find(self, labels: Labels) -> Path:
        ways: dict[str, Node] = {}
        for node in self.tree.match(labels):
            ways.setdefault(node.group_id(node.group_labels(labels)), node)
        places = tuple(source_places(self.inhibit_rules, labels))
        said = "\n".join((*sorted(ways), "", *sorted(places)))
        digest = blake2b(said.encode(), digest_size=SUM_BYTES).digest()
        return Path(tuple(ways.items()), places, int.from_bytes(digest) or 1)
