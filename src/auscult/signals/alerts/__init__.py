"""Alerts that others send, read as Alertmanager reads them."""

from auscult.signals.alerts.posted import Posted, read_posted, said_wrong

__all__ = ["Posted", "read_posted", "said_wrong"]
