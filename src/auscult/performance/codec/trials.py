"""One programme through many rungs: real bytes and real quality of each.

Encoding belongs to whoever has an encoder and worker processes; it comes in as a function.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auscult.kernel.errors import InputError
from auscult.performance.codec.measures import Floats, Measure
from auscult.performance.codec.quality import Quality, judge

RUNGS_MAX = 64


@dataclass(frozen=True, slots=True, order=True)
class Rung:
    """A codec at a nominal rate."""

    codec: str
    nominal_kbps: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of an item: samples float32 (n,) or (n, channels).

    lead: so many samples at its beginning are coded only, and neither weighed nor scored.
    """

    samples: Floats
    rate_hz: int
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """What one rung did to one item. real_kbps: coded bytes by played time, not what was asked."""

    item: str
    rung: Rung
    real_kbps: float
    quality: Quality


Encode = Callable[[Stretch, Rung], tuple[int, Floats]]
"""encode(stretch, rung) -> (bytes, what is heard after decoding at the same rate).

Both are of what follows the lead.
"""


def try_rungs(
    stretch: Stretch, rungs: Iterable[Rung], *, measure: Measure, encode: Encode
) -> dict[Rung, tuple[float, Quality]]:
    """Return (real kbit/s, quality) of each rung.

    Raises `InputError` above 64 rungs, for an empty item, and for an encoder that made no bytes.
    """
    some = list(rungs)
    judged, rate_hz = stretch.samples[stretch.lead :], stretch.rate_hz
    if len(some) > RUNGS_MAX or not judged.shape[0]:
        raise InputError(f"{len(some)} rungs for {judged.shape[0]} samples")
    found = {}
    for rung in some:
        size_bytes, decoded = encode(stretch, rung)
        if size_bytes <= 0:
            raise InputError(f"{rung.codec} at {rung.nominal_kbps} kbit/s made no bytes")
        real_kbps = size_bytes * 8e-3 / (judged.shape[0] / rate_hz)
        found[rung] = (real_kbps, judge(judged, decoded, rate_hz=rate_hz, measure=measure))
    return found
