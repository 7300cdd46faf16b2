"""How plays go at one tenant: the table of plays, three kinds of bad things, who is alarmed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import PlayerColumns
from auscult.performance.experience.alarms import Alarms
from auscult.performance.experience.audiences import PAIRS_END, Roster
from auscult.performance.experience.explanation import Place, explain
from auscult.performance.experience.plays import NEVER, TEXTS_MAX, Plays, PlayTable

TALLY_MS = 10_000
TEXTS_FULL, AUDIENCES_FULL = TEXTS_MAX * 9 // 10, PAIRS_END * 9 // 10
"""From so many on, those that nobody has any more are forgotten."""
FORGET_EVERY_MS = 60_000
MUTED_MS = 600_000
"""A listener who fails, and tries again and again, is one; so is a play on a bad line."""
LISTENERS_MAX = 100_000
BEFORE_MS, WINDOW_MAX_MS = 60_000, 1_800_000
"""A place is sought in the plays since a minute before the alarm, half an hour at most."""

Flags = NDArray[np.bool_]


class Bad(StrEnum):
    """What may go wrong with a play; the value is the signal of its remark."""

    FAILED = "playback_failures"
    LEFT = "exits_before_start"
    STALLED = "playback_stalls"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A place where plays go badly, since when it is alarmed, and the window that was counted."""

    bad: Bad
    place: Place
    since_ms: int
    window_ms: int


@dataclass(slots=True)
class PlayWatch:
    """Counts every ten seconds what came due, and says where it is too much."""

    table: PlayTable = field(default_factory=PlayTable)
    roster: Roster = field(default_factory=Roster)
    alarms: dict[Bad, Alarms] = field(
        default_factory=lambda: {bad: Alarms(kinds=len(Bad)) for bad in Bad}
    )
    _tallied_ms: int = 0
    _forgot_ms: int = 0
    _muted: dict[int, int] = field(default_factory=dict)

    def take(self, batches: Iterable[PlayerColumns], now_ms: int) -> None:
        """Take what players report, as it comes in."""
        self._tallied_ms = self._tallied_ms or now_ms - 1
        for events in batches:
            self.table.take(events, now_ms)

    def look(self, now_ms: int) -> list[Trouble] | None:
        """Count, where ten seconds are over, and return what is wrong; None where they are not."""
        if not self._tallied_ms or now_ms - self._tallied_ms < TALLY_MS:
            return None
        since_ms, self._tallied_ms = self._tallied_ms, now_ms
        if len(self.table.texts) >= TEXTS_FULL or len(self.roster) >= AUDIENCES_FULL:
            self._forget(now_ms)
        plays = self.table.plays
        chosen = self._in_play(since_ms, now_ms)
        numbers = self.roster.number(plays)
        troubles: list[Trouble] = []
        for bad in Bad:
            due, gone_bad = self._outcomes(bad, chosen, since_ms=since_ms, now_ms=now_ms)
            counts = self.roster.count(numbers, gone_bad), self.roster.count(numbers, due)
            alarmed = self.alarms[bad].look(*counts, now_ms=now_ms)
            if alarmed.any():
                troubles += self._explain(bad, np.flatnonzero(alarmed).tolist(), now_ms)
            if bad is Bad.STALLED:
                plays["muted_ms"][gone_bad] = now_ms + MUTED_MS
        self._mute_listeners(since_ms, now_ms)
        return troubles

    def _forget(self, now_ms: int) -> None:
        """Make room for what comes new (a version, an edge), but not of what is alarmed."""
        if now_ms - self._forgot_ms < FORGET_EVERY_MS:
            return
        self._forgot_ms = now_ms
        alarmed = {one for bad in Bad for one in self.alarms[bad].alarmed().tolist()}
        needed = self.roster.texts_of(alarmed)
        kept = self.roster.forget(self.table.forget_texts(now_ms, needed=needed))
        for bad in Bad:
            self.alarms[bad].forget(kept, now_ms)

    def _in_play(self, since_ms: int, now_ms: int) -> Flags:
        return np.asarray(self.table.alive(now_ms) | (self.table.plays["over_ms"] > since_ms))

    def _outcomes(
        self, bad: Bad, chosen: Flags, *, since_ms: int, now_ms: int
    ) -> tuple[Flags, Flags]:
        """Return which plays came due since then, and which of them went bad."""
        plays = self.table.plays
        if bad is Bad.STALLED:
            due = chosen & (plays["started_ms"] != NEVER) & (plays["muted_ms"] <= now_ms)
        else:
            due = chosen & ~self._is_muted(plays)
        due &= _due(bad, plays, since_ms)
        return due, due & _gone_bad(bad, plays, since_ms)

    def _explain(self, bad: Bad, alarmed: list[int], now_ms: int) -> list[Trouble]:
        alarms = self.alarms[bad]
        begun_ms = int(alarms.begun_ms[alarmed].min())
        window_ms = max(begun_ms - BEFORE_MS, now_ms - WINDOW_MAX_MS)
        whole = self.table.plays
        rows = self._in_play(window_ms, now_ms) & _due(bad, whole, window_ms)
        plays = whole[rows]
        looks = 1.0 if bad is Bad.LEFT else max(1.0, (now_ms - window_ms) / TALLY_MS)
        usual = 1 - (1 - np.clip(alarms.usual, 0, 1)) ** looks
        places = explain(
            plays,
            _gone_bad(bad, plays, window_ms),
            roster=self.roster,
            alarmed=alarmed,
            usual=usual,
        )
        return [Trouble(bad, one, begun_ms, now_ms - window_ms) for one in places]

    def _is_muted(self, plays: Plays) -> Flags:
        muted = np.fromiter(self._muted, np.uint64, len(self._muted))
        return np.isin(plays["listener"], muted)

    def _mute_listeners(self, since_ms: int, now_ms: int) -> None:
        self._muted = {one: until for one, until in self._muted.items() if until > now_ms}
        plays = self.table.plays
        bad = (plays["failed_ms"] > since_ms) | (plays["left_ms"] > since_ms)
        for one in plays["listener"][bad & (plays["listener"] != 0)].tolist():
            if len(self._muted) < LISTENERS_MAX:
                self._muted.setdefault(one, now_ms + MUTED_MS)


def _due(bad: Bad, plays: Plays, since_ms: int) -> Flags:
    """Whether the outcome came due since then: of an attempt once, of a play at every look."""
    if bad is Bad.LEFT:
        begun = (plays["started_ms"] > since_ms) & np.isfinite(plays["startup_s"])
        refused = (plays["failed_ms"] > since_ms) & (plays["started_ms"] == NEVER)
        return np.asarray(begun | refused | (plays["left_ms"] > since_ms))
    if bad is Bad.STALLED:
        return np.asarray(plays["started_ms"] != NEVER)
    return np.ones(len(plays), np.bool_)


def _gone_bad(bad: Bad, plays: Plays, since_ms: int) -> Flags:
    column = {Bad.FAILED: "failed_ms", Bad.LEFT: "left_ms", Bad.STALLED: "stalled_ms"}[bad]
    return np.asarray(plays[column] > since_ms)
