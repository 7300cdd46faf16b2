"""One programme on its whole way: its taps in order, the split by stage, and what to say of it."""

from auscult.performance.lateness.programmes.keeping import KeptTaps, keep_taps, resume_taps
from auscult.performance.lateness.programmes.programme import Programme
from auscult.performance.lateness.programmes.remarks import remark_on
from auscult.performance.lateness.programmes.standing import Lateness, TapLateness, stand
from auscult.performance.lateness.programmes.way import Delay, find_delays, split_way, way_to

__all__ = [
    "Delay",
    "KeptTaps",
    "Lateness",
    "Programme",
    "TapLateness",
    "find_delays",
    "keep_taps",
    "remark_on",
    "resume_taps",
    "split_way",
    "stand",
    "way_to",
]
