"""What player events add up to, as series: in all, and by programme, region, edge, device, app.

Each dimension is counted by itself: five short lists of series instead of all their combinations.
"""

from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import PlayerColumns, PlayerEventKind
from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.kernel.words import Labels
from auscult.signals.tallies import Measure, SlotOf, Tally, Told

VALUES_MAX = 500
"""Values of one dimension that are told apart."""

LISTENERS_MAX = 200_000
"""Listeners that are counted as one each between two tellings."""

MEASURES = (
    Measure("player_startups_total"),
    Measure("player_startup_mean_seconds", is_mean=True),
    Measure("player_stalls_total"),
    Measure("player_stalled_seconds_total"),
    Measure("player_switches_total"),
    Measure("player_bitrate_mean_kbps", is_mean=True),
    Measure("player_failures_total"),
    Measure("player_ends_total"),
    Measure("player_played_seconds_total"),
    Measure("player_exits_before_start_total"),
)
_PLACE = {measure.name: place for place, measure in enumerate(MEASURES)}
_ALL = "all"
_OTHER = "(other)"
_MS = 1e-3

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


class PlayerMeter:
    """What one tenant's players report."""

    def __init__(self) -> None:
        """Begin without an event."""
        self._all = Tally(MEASURES, other=(), rows_max=1)
        self._by = {
            name: Tally(MEASURES, other=((name, _OTHER),), rows_max=VALUES_MAX)
            for name in DIMENSIONS
        }
        self._listeners = Tally([Measure("player_listeners", is_mean=True)], other=(), rows_max=1)
        self._seen: set[int] = set()

    def count(self, events: PlayerColumns, *, now_ms: int) -> None:
        """Add events that came in."""
        if not len(events):
            return
        keys = [_ALL] * len(events)
        _add(self._all, self._all.rows(keys, lambda _key: (), now_ms=now_ms), events)
        for column, (name, tally) in enumerate(self._by.items()):
            texts = [events.texts[place] for place in events.place[:, column].tolist()]
            named = np.array([bool(text) for text in texts], dtype=np.bool_)
            rows = tally.rows([(name, text) for text in texts if text], _labels_of, now_ms=now_ms)
            _add(tally, rows, events, chosen=named)
        if len(self._seen) < LISTENERS_MAX:
            self._seen.update(events.listener[events.listener != 0].tolist())

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> Iterator[Told]:
        """Return what the events add up to now; how many listeners spoke since last told."""
        if self._seen:
            row = self._listeners.rows([_ALL], lambda _key: (), now_ms=now_ms)
            self._listeners.add(0, row, np.array([float(len(self._seen))]))
            self._seen.clear()
        for tally in (self._all, *self._by.values(), self._listeners):
            yield tally.tell(slot_of, now_ms=now_ms)


def _labels_of(key: Hashable) -> Labels:
    assert isinstance(key, tuple)
    return (key,)


def _add(tally: Tally, rows: Rows, events: PlayerColumns, *, chosen: Mask | None = None) -> None:
    """Add the chosen events, or all of them; rows: of each of these."""
    mask = np.ones(len(events), dtype=np.bool_) if chosen is None else chosen
    kind, lasted_s = events.kind[mask], events.lasted_ms[mask] * _MS
    bitrate_kbps = events.bitrate_kbps[mask]

    def put(name: str, which: Mask, amounts: NDArray[np.float64] | None = None) -> None:
        value = np.ones(len(kind)) if amounts is None else amounts
        usable = which & ~np.isnan(value)
        tally.add(_PLACE[name], rows[usable], value[usable])

    started = kind == PlayerEventKind.STARTUP
    stalled = kind == PlayerEventKind.STALL
    switched = kind == PlayerEventKind.SWITCH
    ended = kind == PlayerEventKind.END
    put("player_startups_total", started)
    put("player_startup_mean_seconds", started, lasted_s)
    put("player_stalls_total", stalled)
    put("player_stalled_seconds_total", stalled, lasted_s)
    put("player_switches_total", switched)
    put("player_bitrate_mean_kbps", switched, bitrate_kbps)
    put("player_failures_total", kind == PlayerEventKind.FAILURE)
    put("player_ends_total", ended)
    put("player_played_seconds_total", ended, lasted_s)
    put("player_exits_before_start_total", ended & (lasted_s == 0))
