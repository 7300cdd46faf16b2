"""The plays of one tenant as columns, from what players report when something has happened.

A play is one session; an event without a session is a play of its own. What comes after a failure
or an end is not looked at (`sessions.py` has the definitions). Players' clocks are what they are:
the time of an event is when it came in, and only how long something lasted is theirs.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import PlayerColumns, PlayerEventKind
from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.performance.experience.sessions import Sessions

PLAYS_MAX = 50_000
TEXTS_MAX = 2_000
"""Values of all dimensions together that are told apart at a time; all others are one."""
OTHER = "(other)"
ALIVE_MS = 3_600_000
"""A play of which nothing was heard for so long is over, unless it says otherwise."""
KEPT_MS = 1_800_000
LATE_MS = 600_000
"""What is reported so long afterwards says nothing about now."""
NEVER = -1

_TIMES = ("seen_ms", "started_ms", "stalled_ms", "failed_ms", "left_ms", "over_ms", "muted_ms")
PLAY = np.dtype(
    [
        ("session", "u8"),
        ("listener", "u8"),
        ("place", "i4", (len(DIMENSIONS),)),
        *((name, "i8") for name in _TIMES),
        ("startup_s", "f8"),
        ("stall_s", "f8"),
        ("played_s", "f8"),
        ("stalls", "i8"),
        ("switches", "i8"),
    ]
)
"""One play. Times in Unix milliseconds, -1 for never: stalled_ms is the last stall's, left_ms an
end before the first sound, over_ms a failure or an end; until muted_ms a stall is none of its own.
place: an index into the texts for each of
`DIMENSIONS`. played_s: as the player said at the end, NaN before."""

Rows = NDArray[np.intp]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Plays = NDArray[np.void]


class PlayTable:
    """The plays that go on, and those that ended within half an hour; at most 50,000.

    texts: of the places, the first empty. lost: plays that were let go of for want of room, and
    events that came too late.
    """

    def __init__(self) -> None:
        """Begin without a play."""
        self.plays: Plays = np.zeros(0, PLAY)
        self.texts: list[str] = ["", OTHER]
        self.lost = 0
        self._index: dict[int, int] = {}
        self._number: dict[str, int] = {"": 0, OTHER: 1}

    def take(self, events: PlayerColumns, now_ms: int) -> None:
        """Take events that came in by now."""
        timely = np.flatnonzero(events.at_ms >= now_ms - LATE_MS)
        self.lost += len(events) - timely.size
        if not timely.size:
            return
        self._make_room(timely.size, now_ms)
        rows = self._rows_of(events, timely)
        self._place(events, timely, rows)
        self.plays["seen_ms"][rows] = now_ms
        kind, lasted_s = events.kind[timely], events.lasted_ms[timely] / 1e3
        alive = self.plays["over_ms"][rows] == NEVER
        self._note_sound(rows, kind, lasted_s=lasted_s, alive=alive, now_ms=now_ms)
        self._note_end(rows, kind, lasted_s=lasted_s, alive=alive, now_ms=now_ms)

    def alive(self, now_ms: int) -> Flags:
        """Return which plays go on, bool (m,)."""
        recent = self.plays["seen_ms"] >= now_ms - ALIVE_MS
        return np.asarray((self.plays["over_ms"] == NEVER) & recent)

    def forget_texts(self, now_ms: int, *, needed: Numbers) -> Numbers:
        """Forget values that no play has had for half an hour; return the new number of each.

        needed: int64 (k,), numbers of texts to keep as well. Returns int64 (texts,), -1 where the
        text is forgotten. Plays that ended so long ago are let go of with them.
        """
        self._keep(self._kept(now_ms))
        used = np.zeros(len(self.texts), np.bool_)
        used[[0, 1]] = used[needed] = used[self.plays["place"]] = True
        renumbered = np.where(used, np.cumsum(used) - 1, -1)
        self.plays["place"] = renumbered[self.plays["place"]]
        self.texts = [text for text, one in zip(self.texts, used.tolist(), strict=True) if one]
        self._number = {text: number for number, text in enumerate(self.texts)}
        return renumbered

    def sessions(self, rows: Rows, now_ms: int) -> Sessions:
        """Return the figures of these plays, as they stand now; no rate is known of them."""
        plays = self.plays[rows]
        started = plays["started_ms"] != NEVER
        until_ms = np.where(plays["over_ms"] == NEVER, now_ms, plays["over_ms"])
        since_s = np.where(started, (until_ms - plays["started_ms"]) / 1e3 - plays["stall_s"], 0.0)
        said_s = plays["played_s"]
        playing_s = np.maximum(np.where(np.isfinite(said_s) & started, said_s, since_s), 0.0)
        heard_s = playing_s + plays["stall_s"]
        share = plays["stall_s"] / np.where(heard_s > 0, heard_s, 1.0)
        failed = plays["failed_ms"] != NEVER
        return Sessions(
            session=plays["session"].astype(np.int64),
            startup_s=np.where(started, plays["startup_s"], np.nan),
            playing_s=playing_s,
            stalled_s=plays["stall_s"],
            rebuffer_ratio=np.where(started, share, np.nan),
            stalls=plays["stalls"],
            switches=plays["switches"],
            bitrate_kbps=np.full(rows.size, np.nan),
            start_failed=failed & ~started,
            failed=failed & started,
            left_early=plays["left_ms"] != NEVER,
            over=plays["over_ms"] != NEVER,
        )

    def _note_sound(
        self,
        rows: Rows,
        kind: NDArray[np.int8],
        *,
        lasted_s: NDArray[np.float64],
        alive: Flags,
        now_ms: int,
    ) -> None:
        plays = self.plays
        # Whoever stalls or switches has begun, even where the start was before our time.
        sounds = alive & np.isin(kind, _SOUNDS) & (plays["started_ms"][rows] == NEVER)
        plays["started_ms"][rows[sounds]] = now_ms
        begun = alive & (kind == PlayerEventKind.STARTUP)
        plays["startup_s"][rows[begun]] = lasted_s[begun]
        stalled = alive & (kind == PlayerEventKind.STALL)
        plays["stalled_ms"][rows[stalled]] = now_ms
        np.add.at(plays["stall_s"], rows[stalled], np.nan_to_num(lasted_s[stalled]))
        np.add.at(plays["stalls"], rows[stalled], 1)
        np.add.at(plays["switches"], rows[alive & (kind == PlayerEventKind.SWITCH)], 1)

    def _note_end(
        self,
        rows: Rows,
        kind: NDArray[np.int8],
        *,
        lasted_s: NDArray[np.float64],
        alive: Flags,
        now_ms: int,
    ) -> None:
        plays = self.plays
        failed = rows[alive & (kind == PlayerEventKind.FAILURE)]
        plays["failed_ms"][failed] = now_ms
        ended = alive & (kind == PlayerEventKind.END)
        played_s = lasted_s[ended]
        plays["played_s"][rows[ended]] = played_s
        never_begun = (plays["started_ms"][rows[ended]] == NEVER) & ~(played_s > 0)
        never_begun &= plays["failed_ms"][rows[ended]] == NEVER
        plays["left_ms"][rows[ended][never_begun]] = now_ms
        plays["over_ms"][failed] = now_ms
        plays["over_ms"][rows[ended]] = now_ms
        alone = rows[plays["session"][rows] == 0]
        plays["over_ms"][alone] = now_ms

    def _rows_of(self, events: PlayerColumns, timely: Rows) -> Rows:
        """Return the row of each event, making those that are new."""
        session = events.session[timely]
        base = len(self.plays)
        rows = np.empty(timely.size, np.intp)
        fresh: list[int] = []
        for place, one in enumerate(session.tolist()):
            row = self._index.get(one) if one else None
            if row is None:
                row = base + len(fresh)
                fresh.append(place)
                if one:
                    self._index[one] = row
            rows[place] = row
        new = np.zeros(len(fresh), PLAY)
        for name in _TIMES:
            new[name] = NEVER
        new["startup_s"] = new["played_s"] = np.nan
        new["session"] = session[fresh]
        self.plays = np.concatenate([self.plays, new])
        return rows

    def _place(self, events: PlayerColumns, timely: Rows, rows: Rows) -> None:
        """Keep where each play is: what the last event says, where it says something."""
        numbers = np.array([self._number_of(text) for text in events.texts], dtype=np.int32)
        place = numbers[events.place[timely]]
        now = self.plays["place"][rows]
        self.plays["place"][rows] = np.where(place > 0, place, now)
        self.plays["listener"][rows] = events.listener[timely]

    def _number_of(self, text: str) -> int:
        if text not in self._number:
            if len(self.texts) >= TEXTS_MAX:
                return self._number[OTHER]
            self._number[text] = len(self.texts)
            self.texts.append(text)
        return self._number[text]

    def _make_room(self, count: int, now_ms: int) -> None:
        """Let go of what ended long ago; where that is too little, of what was seen longest ago."""
        if len(self.plays) + count <= PLAYS_MAX:
            return
        keep = self._kept(now_ms)
        room = max(0, PLAYS_MAX // 2 - count)
        if int(keep.sum()) > PLAYS_MAX - count:
            newest = np.argsort(-np.where(keep, self.plays["seen_ms"], 0), kind="stable")[:room]
            self.lost += int(keep.sum()) - newest.size
            keep = np.zeros(len(self.plays), np.bool_)
            keep[newest] = True
        self._keep(keep)

    def _kept(self, now_ms: int) -> Flags:
        """Return which plays go on or ended within half an hour, bool (m,)."""
        return self.alive(now_ms) | (self.plays["seen_ms"] >= now_ms - KEPT_MS)

    def _keep(self, which: Flags) -> None:
        self.plays = self.plays[which]
        self._index = {one: row for row, one in enumerate(self.plays["session"].tolist()) if one}


_SOUNDS = (PlayerEventKind.STARTUP, PlayerEventKind.STALL, PlayerEventKind.SWITCH)
