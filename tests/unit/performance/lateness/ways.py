"""A platform that is not there: one programme, heard at several places with known delays."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Labels, Subject, TenantId
from auscult.performance.port import View
from tests.unit.performance.lateness.programmes import RATE_HZ, Pcm

BEGIN_MS = 1_700_000_000_000
Delay = Callable[[float], float]


class Looks(Protocol):
    def look(self, view: View) -> Iterable[Remark]: ...


@dataclass
class At:
    """One stream: `late_s` of the programme's second, handed on in pieces of `piece_s`.

    A piece arrives once its last sample was made and was `late_s` under way, never before the one
    in front of it. breaks_at_s: pieces that begin there do not follow. silent: (from, to) seconds
    in which nothing is heard at all, and what is missing does not come later. stated: whether each
    piece says when it was made.
    """

    name: str
    hop: int | None
    late_s: Delay = lambda _: 0.0
    piece_s: float = 0.5
    rate_hz: int = RATE_HZ
    silent: tuple[float, float] = (0.0, 0.0)
    stated: bool = False
    programme: str = "acme/morning"
    labels: Labels = ()
    change_rate_at_s: float = float("inf")
    instance: str = ""
    jitter_s: float = 0.0
    """Chance adds as much on average to what a piece was under way."""

    @property
    def stream(self) -> Stream:
        subject = Subject(service=self.name.partition("-")[0], instance=self.instance)
        return Stream(self.name, self.programme, subject, hop=self.hop, labels=self.labels)

    def play(self, pcm: Pcm) -> Iterator[tuple[Stream, Heard]]:
        at_s, follows, rng = 0.0, False, np.random.default_rng(len(self.name))
        width = round(self.piece_s * RATE_HZ)
        for begin in range(0, pcm.size - width + 1, width):
            begin_s = begin / RATE_HZ
            if self.silent[0] <= begin_s < self.silent[1]:
                follows = False
                continue
            end_s = begin_s + self.piece_s
            jitter_s = float(rng.exponential(self.jitter_s))
            at_s = max(at_s, end_s + self.late_s(end_s) + jitter_s)
            changed = begin_s >= self.change_rate_at_s
            piece = pcm[begin : begin + width : 2 if changed else 1]
            heard = Heard(
                np.ascontiguousarray(piece[:, None]),
                self.rate_hz // 2 if changed else self.rate_hz,
                BEGIN_MS + round(1e3 * at_s),
                size_bytes=1_000,
                media_ms=BEGIN_MS + round(1e3 * begin_s) if self.stated else None,
                follows=follows,
            )
            follows = True
            yield self.stream, heard


@dataclass
class Seen:
    """What was said at each look, by the second at which it was said."""

    said: list[tuple[float, tuple[Remark, ...]]] = field(default_factory=list)

    def first(self, signal: str) -> float | None:
        found = (at for at, remarks in self.said if any(one.signal == signal for one in remarks))
        return next(found, None)

    @property
    def all(self) -> list[Remark]:
        return [one for _, remarks in self.said for one in remarks]

    def at(self, second: float) -> tuple[Remark, ...]:
        return min(self.said, key=lambda one: abs(one[0] - second))[1]


def run(lookout: Looks, played: Iterable[tuple[Stream, Heard]], *, every_s: float = 1.0) -> Seen:
    """Hand everything over as it arrives, and look every second."""
    events = sorted(played, key=lambda one: (one[1].arrived_ms, one[0].hop or 0))
    seen, at, now_ms = Seen(), 0, float(BEGIN_MS)
    while at < len(events):
        now_ms += 1e3 * every_s
        begin = at
        while at < len(events) and events[at][1].arrived_ms <= now_ms:
            at += 1
        view = View(TenantId("acme"), int(now_ms), sounds=events[begin:at])
        seen.said.append(((now_ms - BEGIN_MS) / 1e3, tuple(lookout.look(view))))
    return seen
