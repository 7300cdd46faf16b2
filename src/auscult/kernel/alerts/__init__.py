"""Alerts that others send, the groups they are told in, and silences."""

from auscult.kernel.alerts.alert import Alert, Span, fingerprints, rank
from auscult.kernel.alerts.group import Group, Told
from auscult.kernel.alerts.silence import Silence, SilenceState

SEEN_BY = "alerts"
"""Who says, of a finding that a group of alerts became."""

__all__ = [
    "SEEN_BY",
    "Alert",
    "Group",
    "Silence",
    "SilenceState",
    "Span",
    "Told",
    "fingerprints",
    "rank",
]
