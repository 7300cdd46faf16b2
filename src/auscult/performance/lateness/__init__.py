"""How late is the sound, and which part of the way makes it so? Measured on the programme itself.

No marker, no co-operation of the player: the programme at a later point is found again in the
source's history. Beside it stand a model of the player's clock, and what segments' timestamps say.
"""

from auscult.performance.lateness.playhead import Playout, Stall, play, read_reports
from auscult.performance.lateness.sighting import Locked, Reason, Sighting, Unknown, locate
from auscult.performance.lateness.stages import Part, Split, split_stages
from auscult.performance.lateness.tape import Tape
from auscult.performance.lateness.timestamps import SegmentTimes, lateness_of, read_program_times
from auscult.performance.lateness.trace import Trace, trace_of
from auscult.performance.lateness.tracking import Step, Track, advance, replay

__all__ = [
    "Locked",
    "Part",
    "Playout",
    "Reason",
    "SegmentTimes",
    "Sighting",
    "Split",
    "Stall",
    "Step",
    "Tape",
    "Trace",
    "Track",
    "Unknown",
    "advance",
    "lateness_of",
    "locate",
    "play",
    "read_program_times",
    "read_reports",
    "replay",
    "split_stages",
    "trace_of",
]
