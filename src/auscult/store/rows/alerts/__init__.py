"""Alerts of one tenant, the groups they are told in, and silences."""

from auscult.store.rows.alerts.alerts import AlertRows
from auscult.store.rows.alerts.groups import GroupRows
from auscult.store.rows.alerts.silences import SilenceRows

__all__ = ["AlertRows", "GroupRows", "SilenceRows"]
