"""Alerts on their way to receivers: the tree, groups, inhibition, times; all decided purely."""

from auscult.notification.decide.alerts.alerting import INCIDENTS, Alerting, Receiver
from auscult.notification.decide.alerts.decided import (
    DECIDED,
    detail_of,
    detail_of_stray,
    noted,
)
from auscult.notification.decide.alerts.groups import (
    Flush,
    Muting,
    Notice,
    Reason,
    Wanted,
    Why,
    asleep,
    flush,
    join,
)
from auscult.notification.decide.alerts.inhibition import (
    Inhibition,
    inhibited_by,
    source_places,
    target_places,
)
from auscult.notification.decide.alerts.intervals import Interval, Intervals
from auscult.notification.decide.alerts.paths import Path, Paths
from auscult.notification.decide.alerts.tree import Branch, Node, grow

__all__ = [
    "DECIDED", "INCIDENTS", "Alerting", "Branch", "Flush", "Inhibition", "Interval", "Intervals",
    "Muting", "Node", "Notice", "Path", "Paths", "Reason", "Receiver", "Wanted", "Why", "asleep",
    "detail_of", "detail_of_stray", "flush",
    "grow", "inhibited_by", "join", "noted", "source_places", "target_places",
]  # fmt: skip
