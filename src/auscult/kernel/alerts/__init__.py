"""Alerts that others send, the groups they are told in, and silences."""

from auscult.kernel.alerts.alert import Alert, fingerprints
from auscult.kernel.alerts.group import Group, Told
from auscult.kernel.alerts.silence import Silence, SilenceState

__all__ = ["Alert", "Group", "Silence", "SilenceState", "Told", "fingerprints"]
