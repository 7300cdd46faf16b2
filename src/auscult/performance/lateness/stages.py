"""The delay split by stage: what each part of the way adds, in an order that adds up.

Every tap is measured against the source tap, never against its neighbour, so that the parts sum to
the whole whatever happens between. Where a tap is unknown its part is told together with the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auscult.kernel.errors import InputError

TAPS_MAX = 64
SKEW_S = 0.02
"""Sound cannot arrive before it was sent; a part below minus this is two clocks that disagree."""


@dataclass(frozen=True, slots=True)
class Part:
    """What lies between two taps adds `delay_s` seconds."""

    begin: str
    end: str
    delay_s: float

    @property
    def clocks_disagree(self) -> bool:
        """Whether the delay is negative beyond what measuring explains."""
        return self.delay_s < -SKEW_S


@dataclass(frozen=True, slots=True)
class Split:
    """The parts in the order of the way, and the taps that could not be measured."""

    parts: tuple[Part, ...]
    unknown: tuple[str, ...]

    @property
    def total_s(self) -> float:
        """From the source to the last tap that is known, in seconds; the sum of the parts."""
        return sum(part.delay_s for part in self.parts)

    @property
    def slowest(self) -> Part | None:
        """The part that adds the most; None where none is known."""
        return max(self.parts, key=lambda part: part.delay_s, default=None)


def split_stages(source: str, taps: Sequence[tuple[str, float | None]]) -> Split:
    """Return the split of the way from `source` through `taps`, each (name, delay behind source).

    Delays in seconds, None where unknown. At most 64 taps with names of their own; raises
    `InputError` otherwise.
    """
    names = [source, *(name for name, _ in taps)]
    if len(taps) > TAPS_MAX or len(set(names)) < len(names):
        raise InputError(f"{len(taps)} taps; taken are {TAPS_MAX}, each with a name of its own")
    parts: list[Part] = []
    begin, so_far_s = source, 0.0
    for name, delay_s in taps:
        if delay_s is None:
            continue
        parts.append(Part(begin, name, delay_s - so_far_s))
        begin, so_far_s = name, delay_s
    return Split(tuple(parts), tuple(name for name, delay_s in taps if delay_s is None))
