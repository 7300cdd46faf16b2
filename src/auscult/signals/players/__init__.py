"""What players report: start-up, stalls, bitrate switches, failures, ends."""

from auscult.signals.players.book import PlayBook
from auscult.signals.players.events import PlayerEvent, ReadEvents, read_events
from auscult.signals.players.meter import PlayerMeter

__all__ = ["PlayBook", "PlayerEvent", "PlayerMeter", "ReadEvents", "read_events"]
