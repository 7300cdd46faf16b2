"""Answers about a tenant's incidents, kept until one of them changes.

Pages, walls and scripts ask for the same few lists again and again, far more often than an incident
changes; what this process commits ends an answer at once. Another replica's commits are not heard
here, so no answer is older than `KEPT_S`.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auscult.kernel.words import TenantId
    from auscult.runtime.clock import Clock

KEPT_S = 1.0
KEPT_BYTES_MAX = 8 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer: since when, and at which of the tenant's changes it was read."""

    answer: bytes
    change: int
    since_s: float


class Answers:
    """Answers by tenant and question, the oldest let go when they are too many bytes.

    Not safe for several threads: the event loop alone asks, keeps and ends.
    """

    def __init__(self, clock: "Clock") -> None:
        """Take what tells how old an answer is."""
        self._clock = clock
        self._kept: dict[tuple[TenantId, Hashable], Kept] = {}
        self._changes: dict[TenantId, int] = {}
        self._bytes = 0

    def change_of(self, tenant: "TenantId") -> int:
        """Return the number of the tenant's last change: ask before reading, hand to `keep`."""
        return self._changes.get(tenant, 0)

    def find(self, tenant: "TenantId", question: Hashable) -> bytes | None:
        """Return the answer to a question where it still holds."""
        kept = self._kept.get((tenant, question))
        if kept is None or kept.change != self.change_of(tenant):
            return None
        return kept.answer if self._clock.monotonic_s() - kept.since_s < KEPT_S else None

    def keep(
        self, tenant: "TenantId", question: Hashable, *, answer: bytes, change: int
    ) -> None:  # fmt: skip
        """Keep an answer that was read at a change; one that was overtaken is never found."""
        before = self._kept.pop((tenant, question), None)
        self._bytes += len(answer) - (len(before.answer) if before else 0)
        self._kept[tenant, question] = Kept(answer, change, self._clock.monotonic_s())
        while self._bytes > KEPT_BYTES_MAX:
            self._bytes -= len(self._kept.pop(next(iter(self._kept))).answer)

    def end(self, tenant: "TenantId") -> None:
        """Let no answer hold that was read before now: something of the tenant has changed."""
        self._changes[tenant] = self.change_of(tenant) + 1
