"""Access logs: combined and JSON lines, with what players say in them (CMCD), as columns."""

from auscult.signals.access_logs.following import LogFile
from auscult.signals.access_logs.meter import RequestMeter
from auscult.signals.access_logs.reading import read_lines

__all__ = ["LogFile", "RequestMeter", "read_lines"]
