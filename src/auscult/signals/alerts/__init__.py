"""Alerts that others send, read as Alertmanager reads them."""

from auscult.signals.alerts.pagerduty import Action, Event, read_event
from auscult.signals.alerts.posted import Posted, read_posted, said_wrong
from auscult.signals.alerts.webhook import read_webhook

__all__ = ["Action", "Event", "Posted", "read_event", "read_posted", "read_webhook", "said_wrong"]
