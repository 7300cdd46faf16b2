"""What a verdict is about stays the same while the blame moves: one story, not one per suspect."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from auscult.performance.bottlenecks.blame import Verdict

KEPT_MS = 60_000
EPISODES_MAX = 200


@dataclass(slots=True)
class _Episode:
    services: set[str]
    since_ms: int
    seen_ms: int


@dataclass(slots=True)
class Episodes:
    """Open episodes, each called by the service that was blamed first."""

    _open: dict[str, _Episode] = field(default_factory=dict)

    def name(self, verdicts: Sequence[Verdict], *, now_ms: int) -> list[tuple[str, int, Verdict]]:
        """Return (what it is about, since when, verdict); no two are about the same."""
        for about in [one for one, ep in self._open.items() if now_ms - ep.seen_ms > KEPT_MS]:
            del self._open[about]
        named: dict[int, tuple[str, int, Verdict]] = {}
        taken: set[str] = set()
        # who gave an episode its name keeps it; others look for one afterwards
        order = sorted(range(len(verdicts)), key=lambda at: verdicts[at].service not in self._open)
        for at in order[:EPISODES_MAX]:
            verdict = verdicts[at]
            about = self._find(verdict, taken)
            taken.add(about)
            began_ms = _since_ms(verdict)
            episode = self._open.setdefault(about, _Episode(set(), began_ms, now_ms))
            episode.services |= {verdict.service, *verdict.waiting}
            episode.seen_ms = now_ms
            named[at] = (about, min(episode.since_ms, began_ms), verdict)
        return [named[at] for at in sorted(named)]

    def _find(self, verdict: Verdict, taken: set[str]) -> str:
        own = {verdict.service, *verdict.waiting}
        free = [one for one in self._open if one not in taken and self._open[one].services & own]
        if verdict.service in free:
            return verdict.service
        if free:
            return free[0]
        about = verdict.service
        while about in taken or about in self._open:
            about = f"{about}, too"
        return about


def _since_ms(verdict: Verdict) -> int:
    if verdict.place is not None:
        return verdict.place.since_ms
    return verdict.queue.full_since_ms if verdict.queue is not None else 0
