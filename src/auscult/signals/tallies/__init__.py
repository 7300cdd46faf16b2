"""What events add up to, told as series every few seconds: spans, log lines, requests, plays."""

from auscult.signals.tallies.tally import Measure, SlotOf, Tally, Told

__all__ = ["Measure", "SlotOf", "Tally", "Told"]
