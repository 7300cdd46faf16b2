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
class Trial:
    """What one rung did to one item. real_kbps: coded bytes by played time, not what was asked."""

    item: str
    rung: Rung
    real_kbps: float
    quality: Quality


Encode = Callable[[Floats, int, Rung], tuple[int, Floats]]
"""encode(samples, rate_hz, rung) -> (bytes, what is heard after decoding at the same rate)."""


def try_rungs(
    samples: Floats, rungs: Iterable[Rung], *, rate_hz: int, measure: Measure, encode: Encode
) -> dict[Rung, tuple[float, Quality]]:
    """Return (real kbit/s, quality) of each rung; samples float32 (n,) or (n, channels).

    Raises `InputError` above 64 rungs, for an empty item, and for an encoder that made no bytes.
    """
    some = list(rungs)
    if len(some) > RUNGS_MAX or not samples.shape[0]:
        raise InputError(f"{len(some)} rungs for {samples.shape[0]} samples")
    found = {}
    for rung in some:
        size_bytes, decoded = encode(samples, rate_hz, rung)
        if size_bytes <= 0:
            raise InputError(f"{rung.codec} at {rung.nominal_kbps} kbit/s made no bytes")
        real_kbps = size_bytes * 8e-3 / (samples.shape[0] / rate_hz)
        found[rung] = (real_kbps, judge(samples, decoded, rate_hz=rate_hz, measure=measure))
    return found
