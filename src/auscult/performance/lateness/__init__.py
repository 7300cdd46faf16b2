"""How late is the sound, and which part of the way makes it so? Measured on the programme itself.

No marker, no co-operation of the player: the programme at a later point is found again in the
source's history.
"""

from auscult.performance.lateness.sighting import Locked, Reason, Sighting, Unknown, locate
from auscult.performance.lateness.stages import Part, Split, split_stages
from auscult.performance.lateness.tape import Tape
from auscult.performance.lateness.trace import Trace, trace_of
from auscult.performance.lateness.tracking import Step, Track, advance, replay

__all__ = [
    "Locked",
    "Part",
    "Reason",
    "Sighting",
    "Split",
    "Step",
    "Tape",
    "Trace",
    "Track",
    "Unknown",
    "advance",
    "locate",
    "replay",
    "split_stages",
    "trace_of",
]
