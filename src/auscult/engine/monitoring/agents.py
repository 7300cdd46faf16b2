"""Who reports from elsewhere: each stream an agent hears, and for how long it has been silent."""

from dataclasses import dataclass

from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import TenantId
from auscult.signals.port import SourceHealth

STREAMS_MAX = 2_000
"""Streams of one tenant that are remembered; the one silent for longest is forgotten first."""
SILENT_MS = 60_000
"""An agent reports every second or so; after so long without a word it is not there."""
FORGOTTEN_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class _Word:
    at_ms: int
    heard_ms: int | None
    error: str


class Agents:
    """The last word about each stream that is reported."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._words: dict[TenantId, dict[str, _Word]] = {}

    def note(
        self, tenant: TenantId, stream: Stream, found: Heard | Unheard, *, now_ms: int
    ) -> None:
        """Remember a report."""
        words = self._words.setdefault(tenant, {})
        before = words.pop(stream.name, None)
        if isinstance(found, Heard):
            words[stream.name] = _Word(now_ms, now_ms, "")
        else:
            heard_ms = before.heard_ms if before else None
            words[stream.name] = _Word(now_ms, heard_ms, f"{found.why.value}: {found.detail}")
        while len(words) > STREAMS_MAX:
            words.pop(next(iter(words)))

    def healths(self, tenant: TenantId, *, now_ms: int) -> list[SourceHealth]:
        """Return how each stream fares, by name; one silent for a day is no longer told of."""
        words = list(self._words.get(tenant, {}).items())  # other threads ask, too
        return [
            _health(name, word, now_ms)
            for name, word in sorted(words, key=lambda one: one[0])
            if now_ms - word.at_ms <= FORGOTTEN_MS
        ]

    def release(self, tenant: TenantId) -> None:
        """Forget a tenant."""
        self._words.pop(tenant, None)


def _health(name: str, word: _Word, now_ms: int) -> SourceHealth:
    error, silent_s = word.error, (now_ms - word.at_ms) // 1_000
    if now_ms - word.at_ms > SILENT_MS:
        error = f"no word from its agent for {silent_s} s"
    return SourceHealth(
        name=name[:300], healthy=not error, last_sample_ms=word.heard_ms, error=error[:500]
    )
