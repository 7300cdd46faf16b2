"""Which stage adds the latency or limits what gets through: from spans, and from gauges of load."""

from auscult.performance.bottlenecks.blame import Raised, Verdict, lay_blame
from auscult.performance.bottlenecks.episodes import Episodes
from auscult.performance.bottlenecks.sentences import say_verdict
from auscult.performance.bottlenecks.standing import CallStanding, StageStanding, Standing
from auscult.performance.bottlenecks.watch import BottleneckWatch

__all__ = [
    "BottleneckWatch",
    "CallStanding",
    "Episodes",
    "Raised",
    "StageStanding",
    "Standing",
    "Verdict",
    "lay_blame",
    "say_verdict",
]
