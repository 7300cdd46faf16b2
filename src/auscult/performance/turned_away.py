"""Programmes that a monitor has no room for: counted, and said, so that nobody takes them for well.

A monitor follows a bounded number of programmes. What comes of more is not looked at, and without a
word a page without findings would look like a programme without faults.
"""

from dataclasses import dataclass, field

from auscult.detection.remarks import Remark
from auscult.kernel.words import Severity, Subject

TURNED_AWAY = "programmes_turned_away"
"""The signal of the remark."""

HELD_MS = 60_000
KNOWN_MAX = 1_000
"""Names that are told apart; of more programmes the count is at least so many."""
NAMED = 5
NAME_CHARS = 60


@dataclass(slots=True)
class TurnedAway:
    """The programmes without a place at one monitor.

    does: what it does with the others, for the sentence. most: programmes that it follows. count:
    stretches of sound that were not taken, of all time.
    """

    does: str
    most: int
    count: int = 0
    _last_ms: dict[str, int] = field(default_factory=dict)
    _since_ms: int = 0

    def note(self, programme: str, now_ms: int) -> None:
        """Count a stretch of a programme that there is no room for."""
        self.count += 1
        if not self._last_ms:
            self._since_ms = now_ms
        if programme in self._last_ms or len(self._last_ms) < KNOWN_MAX:
            self._last_ms[programme] = now_ms

    def remarks(self, now_ms: int) -> list[Remark]:
        """Return what is to be said of them; nothing where none came in the last minute."""
        self._last_ms = {name: at for name, at in self._last_ms.items() if now_ms - at <= HELD_MS}
        if not self._last_ms:
            return []
        names = sorted(name[:NAME_CHARS] for name in self._last_ms)
        count, more = len(names), ", ..." if len(names) > NAMED else ""
        sentence = (
            f"{self.does} {self.most} programmes; {count} more {'is' if count == 1 else 'are'} not "
            f"looked at: {', '.join(names[:NAMED])}{more}"
        )
        return [
            Remark(
                about="programmes",
                signal=TURNED_AWAY,
                subject=Subject(service="auscult"),
                since_ms=self._since_ms,
                severity=Severity.WARNING,
                sentence=sentence,
                now=float(count),
            )
        ]
