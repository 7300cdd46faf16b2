"""Choosing series by label matchers, a bounded page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from auscult.kernel.matchers import Matcher, matches_all
from auscult.kernel.samples import Slots
from auscult.signals.series.labels import decode_labels, encode_label

EXAMINED_MAX = 50_000


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """One page of series: their slots, ascending, and where the next page begins, if anywhere."""

    slots: tuple[int, ...]
    next_cursor: int | None


def select_series(
    slots: Slots, regions: Sequence[bytes | None], matchers: tuple[Matcher, ...], *, limit: int
) -> SeriesPage:
    """Return the first `limit` slots whose labels fulfil every matcher.

    slots: int32[n] ascending; regions: by slot, as in `series.labels`. At most `EXAMINED_MAX`
    series are looked at, so that a page costs bounded time whatever is asked for.
    """
    needles = [encode_label(m.name, m.value) for m in matchers if m.op == "=" and m.value]
    chosen: list[int] = []
    for seen, slot in enumerate(slots.tolist()):
        if seen >= EXAMINED_MAX or len(chosen) >= limit:
            return SeriesPage(tuple(chosen), slot)
        region = regions[slot]
        if region is None or not all(needle in region for needle in needles):
            continue
        if matches_all(matchers, decode_labels(region)):
            chosen.append(slot)
    return SeriesPage(tuple(chosen), None)
