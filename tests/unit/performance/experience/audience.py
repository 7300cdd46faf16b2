"""Players that are not there: plays that begin, go on, and go badly where they are told to."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.random import Generator

from auscult.kernel.telemetry import PlayerColumns, PlayerEventKind
from auscult.kernel.telemetry.players import DIMENSIONS

BEGIN_MS = 1_700_000_000_000
Event = dict[str, str | int | float]


def columns(events: Iterable[Event], now_ms: int = BEGIN_MS) -> PlayerColumns:
    """Events as columns: kind, session and lasted_ms, and the names of the dimensions."""
    rows = list(events)
    texts = {"": 0}
    place = [
        [texts.setdefault(str(one.get(name, "")), len(texts)) for name in DIMENSIONS]
        for one in rows
    ]
    return PlayerColumns(
        at_ms=np.array([one.get("at_ms", now_ms) for one in rows], np.int64),
        kind=np.array([PlayerEventKind[str(one["kind"])] for one in rows], np.int8),
        listener=np.array([one.get("listener", 0) for one in rows], np.uint64),
        session=np.array([one.get("session", 0) for one in rows], np.uint64),
        lasted_ms=np.array([one.get("lasted_ms", np.nan) for one in rows], np.float64),
        bitrate_kbps=np.full(len(rows), np.nan),
        place=np.array(place, np.int32).reshape(-1, len(DIMENSIONS)),
        texts=tuple(texts),
    )


class Crowd:
    """Listeners of two programmes on two edges, who stay for five minutes and come again.

    Each edge and programme has `each` of them at any time.
    """

    def __init__(self, rng: Generator, each: int) -> None:
        self.rng = rng
        self.places = [
            (f"acme/{programme}", edge, device)
            for programme in ("morning", "charts")
            for edge in ("fra1", "ams1")
            for device in ("phone", "web")
            for _ in range((each + 1) // 2)
        ]
        self._next = 1
        self._ends_ms: dict[int, tuple[int, int]] = {}

    def step(
        self, now_ms: int, *, share: float = 0.0, kind: str = "FAILURE", **where: str
    ) -> Iterator[Event]:
        """Ten seconds: plays end and begin; of those `where` says a `share` goes badly."""
        for seat in range(len(self.places)):
            if seat not in self._ends_ms:
                yield from self._begin(seat, now_ms)
            ends_ms, session = self._ends_ms[seat]
            said = self._said(seat, session)
            if share and self._is_in(said, where) and self.rng.random() < share:
                yield said | {"kind": kind, "lasted_ms": 1_000.0}
                if kind == "FAILURE":
                    del self._ends_ms[seat]
            elif now_ms >= ends_ms:
                yield said | {"kind": "END", "lasted_ms": 300_000.0}
                del self._ends_ms[seat]

    def _begin(self, seat: int, now_ms: int) -> Iterator[Event]:
        session, self._next = self._next, self._next + 1
        self._ends_ms[seat] = (now_ms + int(self.rng.uniform(100_000, 500_000)), session)
        yield self._said(seat, session) | {"kind": "STARTUP", "lasted_ms": 2_000.0}

    def _said(self, seat: int, session: int) -> Event:
        programme, edge, device = self.places[seat]
        return {"session": session, "programme": programme, "edge": edge, "device": device}

    @staticmethod
    def _is_in(said: Event, where: dict[str, str]) -> bool:
        return all(said.get(name) == value for name, value in where.items())
