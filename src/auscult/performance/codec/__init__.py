"""Which codec at which rate? Quality by channel, real bytes, the hull, the ladder that follows."""

from auscult.performance.codec.hull import find_hull
from auscult.performance.codec.ladder import Ladder, Step, recommend, saved_share
from auscult.performance.codec.measures import OWN, Measure, find_measure, score_by_bands
from auscult.performance.codec.quality import Quality, judge
from auscult.performance.codec.titles import Choice, Guards, choose_rung, halve_gaps
from auscult.performance.codec.trials import Encode, Rung, Stretch, Trial, try_rungs

__all__ = [
    "OWN",
    "Choice",
    "Encode",
    "Guards",
    "Ladder",
    "Measure",
    "Quality",
    "Rung",
    "Step",
    "Stretch",
    "Trial",
    "choose_rung",
    "find_hull",
    "find_measure",
    "halve_gaps",
    "judge",
    "recommend",
    "saved_share",
    "score_by_bands",
    "try_rungs",
]
