"""What a tenant's monitors are shown: everything that came since they looked last."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from auscult.kernel.matchers import Matcher
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.telemetry import PlayerColumns
from auscult.kernel.words import TenantId
from auscult.performance.port import View, Window
from auscult.signals.traces import Kept

if TYPE_CHECKING:
    from auscult.engine.samples.reading import Reading
    from auscult.engine.telemetry.path import Telemetry

T = TypeVar("T")
SERIES_MAX = 500


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last spans and plays that were shown."""

    spans: Kept | None = None
    plays: PlayerColumns | None = None


def make_view(
    tenant: TenantId,
    cursor: Cursor,
    *,
    sounds: Sequence[tuple[Stream, Heard | Unheard]],
    sources: "tuple[Reading, Telemetry]",
    now_ms: int,
) -> tuple[View, Cursor]:
    """Return the view of one look, and where the next one goes on."""
    reading, telemetry = sources
    kept, names = telemetry.recent_spans(tenant)
    plays = telemetry.recent_plays(tenant)
    view = View(
        tenant=tenant,
        now_ms=now_ms,
        sounds=sounds,
        spans=[one.spans for one in _since(kept, cursor.spans)],
        names=names,
        plays=_since(plays, cursor.plays),
        series=partial(_search, reading, tenant),
    )
    return view, Cursor(_last(kept, cursor.spans), _last(plays, cursor.plays))


def _since(kept: Sequence[T], last: T | None) -> list[T]:
    """Return what came after the last one; everything where that one is gone."""
    news: list[T] = []
    for one in reversed(kept):
        if one is last:
            break
        news.append(one)
    return news[::-1]


def _last(kept: Sequence[T], before: T | None) -> T | None:
    return kept[-1] if kept else before


def _search(
    reading: "Reading", tenant: TenantId, matchers: tuple[Matcher, ...]
) -> Sequence[Window]:
    found = reading.windows(tenant, matchers, limit=SERIES_MAX)
    return [Window(labels, at_ms, value) for labels, at_ms, value in found]
