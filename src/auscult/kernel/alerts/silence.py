"""A silence: for a while nobody is told of certain alerts."""

from enum import StrEnum

from auscult.kernel.matchers import Matcher, matches_all
from auscult.kernel.words import Labels, Word


class SilenceState(StrEnum):
    """Where a silence stands, in the order of the list."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


class Silence(Word):
    """Nobody is told of alerts that fulfil every matcher, from a time to a time."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    updated_ms: int
    created_by: str = ""
    comment: str = ""
    annotations: Labels = ()

    def state(self, now_ms: int) -> SilenceState:
        """Return where it stands."""
        if now_ms < self.starts_ms:
            return SilenceState.PENDING
        return SilenceState.ACTIVE if now_ms < self.ends_ms else SilenceState.EXPIRED

    def mutes(self, labels: Labels, now_ms: int) -> bool:
        """Say whether an alert with these labels is silenced now."""
        return self.state(now_ms) is SilenceState.ACTIVE and matches_all(self.matchers, labels)
