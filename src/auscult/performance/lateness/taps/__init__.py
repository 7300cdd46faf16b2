"""The points at which a programme is listened to: its source, and every later tap.

`Source` keeps the history, `Tap` follows one stream, `Ear` is the listener behind it, and `Course`
says whether it became later than its own past.
"""

from auscult.performance.lateness.taps.clock import ArrivalClock, SourceClock
from auscult.performance.lateness.taps.course import Course
from auscult.performance.lateness.taps.ear import Ear
from auscult.performance.lateness.taps.past import KeptPast, Past, Usual
from auscult.performance.lateness.taps.source import Source
from auscult.performance.lateness.taps.tap import Figure, Tap

__all__ = [
    "ArrivalClock",
    "Course",
    "Ear",
    "Figure",
    "KeptPast",
    "Past",
    "Source",
    "SourceClock",
    "Tap",
    "Usual",
]
