"""How each receiver fares, as far as this process knows: how often it was asked, how often in vain.

Three things follow. No receiver is asked more often in a minute than its channel's `per_minute`
says, and a part of that is kept for critical pages, which also go to the `fallback` rather than
wait for the next minute. One that says "too many" (429), or when it may be asked again, is left
alone for so long by all of its messages, and then tried with one at a time. And after
`FAILURES_MAX` failures in a row its pages go to the channel it names as `fallback`, until an
attempt that is made every `PROBE_MS` succeeds (Nygard, "Release It!": circuit breaker). All is
counted in memory: several replicas count apart, a restart begins anew.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auscult.kernel.deliveries import RETRY_AFTER_MAX_MS
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.times import duration_words
from auscult.kernel.words import Severity
from auscult.notification.decide import KEPT_BY, instead_of

if TYPE_CHECKING:
    from auscult.engine.wiring import TenantPlan

MINUTE_MS = 60_000
FAILURES_MAX = 3
PROBE_MS = 60_000
BUSY_FIRST_MS, BUSY_MOST_MS = 1_000, 60_000
"""How long a receiver is left alone that says "too many", and not for how long; doubled each time.
"""

TRIAL_MS = 1_000
"""How far apart it is tried afterwards, until one attempt succeeds."""

KEPT_SHARE = 5
"""One place of so many in a minute is kept for critical pages: they wait behind no lesser ones."""

PROMISED_MINUTES = 10
"""For so long ahead a place is kept for each message that must wait; later ones share the last."""
REASON_CHARS = 500
FULL = "may not be asked more often this minute"

PAGES = frozenset(
    {ChangeKind.OPENED, ChangeKind.WORSENED, ChangeKind.RETURNED, ChangeKind.ESCALATED}
)
"""What somebody must hear now. What follows goes to whoever was told before, however late."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An effect as it is attempted: by its own channel, or diverted by its `fallback`, and why."""

    effect: Effect
    asked: Effect
    fallback: str = ""
    why: str = ""

    @property
    def is_diverted(self) -> bool:
        """Whether another channel stands in."""
        return self.effect.to != self.asked.to


@dataclass(slots=True)
class _Standing:
    """One receiver: when it was asked in the last minute, and how often in a row in vain.

    It wants to be left alone until `shut_ms`; `busy` is how often in a row it said so, the next
    trial after that is at `trial_ms`, and the last message that waits for it has its at `last_ms`.
    """

    asked_ms: deque[int] = field(default_factory=deque)
    promised_ms: deque[int] = field(default_factory=deque)
    urgent_ms: deque[int] = field(default_factory=deque)
    failures: int = 0
    probe_ms: int = 0
    shut_ms: int = 0
    busy: int = 0
    trial_ms: int = 0
    last_ms: int = 0

    def why_out(self, now_ms: int) -> tuple[str, str]:
        """Return why its pages go elsewhere, as they and as the record say it; else nothing."""
        if self.failures >= FAILURES_MAX and now_ms < self.probe_ms:
            return f"failed {self.failures} times in a row", "does not answer"
        if (wait_ms := self.shut_ms - now_ms) > PROBE_MS:
            wait = duration_words(wait_ms)
            return f"asks to be left alone for {wait}", f"asks to be left alone for {wait}"
        return "", ""

    def is_out(self, now_ms: int) -> bool:
        return bool(self.why_out(now_ms)[0])

    def take(self, outcome: Outcome) -> None:
        """Learn from how an attempt ended."""
        at_ms = outcome.at_ms
        if outcome.is_busy:
            usual_ms = min(BUSY_FIRST_MS << min(self.busy, 20), BUSY_MOST_MS)
            self.busy += 1
            self.shut_ms = max(self.shut_ms, at_ms + (outcome.retry_after_ms or usual_ms))
            return
        if outcome.retry_after_ms:
            self.shut_ms = max(self.shut_ms, at_ms + outcome.retry_after_ms)
        if at_ms >= self.shut_ms and outcome.result is Result.DONE:
            self.busy = self.shut_ms = 0
        self.failures = 0 if outcome.result is Result.DONE else self.failures + 1
        if self.failures == FAILURES_MAX:
            self.probe_ms = at_ms + PROBE_MS

    def alone_ms(self, now_ms: int) -> int:
        """Return for how long it is to be left alone."""
        opens_ms = max(self.shut_ms, self.trial_ms if self.busy else 0)
        is_back = opens_ms - now_ms > RETRY_AFTER_MAX_MS  # of a clock that was set back
        return 0 if is_back or not self.shut_ms else max(0, opens_ms - now_ms)

    def turn_ms(self, per_minute: int, now_ms: int) -> int:
        """Return when a message that leaves it alone has its turn: one after the other."""
        if now_ms >= self.shut_ms:
            return self.trial_ms
        first_ms = now_ms + self.alone_ms(now_ms)
        most_ms = first_ms + PROMISED_MINUTES * MINUTE_MS
        turn_ms = max(first_ms, self.last_ms + MINUTE_MS // per_minute)
        self.last_ms = min(turn_ms, most_ms)
        return self.last_ms

    def count(self, now_ms: int) -> int:
        """Return how often it was asked in the last minute."""
        while self.asked_ms and not now_ms - MINUTE_MS < self.asked_ms[0] <= now_ms:
            self.asked_ms.popleft()  # a minute ago, or of a clock that was set back
        return len(self.asked_ms)

    def promise_ms(self, places: int, now_ms: int, *, is_urgent: bool) -> int:
        """Return when one more may be asked, of so many a minute: each has a place of its own.

        Were all put off until the first place, all but one would come in vain, again and again.
        """
        promised = self.urgent_ms if is_urgent else self.promised_ms
        while promised and promised[0] <= now_ms:
            promised.popleft()
        minutes, place = divmod(len(promised), places)
        free_ms = self.asked_ms[len(self.asked_ms) - places + place]
        at_ms = free_ms + MINUTE_MS * (min(minutes, PROMISED_MINUTES) + 1)
        if minutes < PROMISED_MINUTES:
            promised.append(at_ms)
        return at_ms


class Receivers:
    """Decides by which channel a message goes now, and whether it may yet."""

    def __init__(self) -> None:
        """Begin knowing nothing bad of anybody."""
        self._standings: dict[tuple[str, str], _Standing] = {}

    def choose(self, effect: Effect, plan: "TenantPlan", now_ms: int) -> Attempt:
        """Return an effect with the channel that is to perform it now.

        One attempt in `PROBE_MS` goes to a channel that is out, to see whether it is back.
        """
        channel = plan.channels.get(effect.to) if effect.kind is EffectKind.NOTIFY else None
        other = channel.fallback if channel is not None else ""
        if channel is None or other not in plan.channels or effect.payload.get("kind") not in PAGES:
            return Attempt(effect, effect)
        own = self._of(effect.tenant, effect.to)
        said, why = own.why_out(now_ms)
        if not said and _is_urgent(effect) and own.count(now_ms) >= channel.per_minute:
            said, why = FULL, FULL
        if not said or self._is_stopped(effect.tenant, other, plan, now_ms=now_ms):
            own.probe_ms = now_ms + PROBE_MS
            return Attempt(effect, effect, other)
        return Attempt(instead_of(effect, other, why=said), effect, other, why)

    def is_full(self, effect: Effect, plan: "TenantPlan", now_ms: int) -> bool:
        """Say whether a message must wait for its channel's minute, and no other stands in."""
        channel = plan.channels.get(effect.to) if effect.kind is EffectKind.NOTIFY else None
        if channel is None:
            return False
        standing = self._of(effect.tenant, effect.to)
        is_full = standing.count(now_ms) >= _places(effect, channel.per_minute)
        stands_in = channel.fallback and (
            standing.is_out(now_ms) or (is_full and _is_urgent(effect))
        )
        return (is_full or standing.alone_ms(now_ms) > 0) and not stands_in

    def wait_ms(self, effect: Effect, plan: "TenantPlan", now_ms: int) -> int:
        """Return how long a message must wait; 0, and it counts as asked, where it may go now."""
        channel = plan.channels.get(effect.to) if effect.kind is EffectKind.NOTIFY else None
        if channel is None:
            return 0
        standing = self._of(effect.tenant, effect.to)
        if standing.alone_ms(now_ms) > 0:
            return standing.turn_ms(channel.per_minute, now_ms) - now_ms
        places = _places(effect, channel.per_minute)
        if standing.count(now_ms) >= places:
            is_urgent = _is_urgent(effect)
            return standing.promise_ms(places, now_ms, is_urgent=is_urgent) - now_ms
        standing.asked_ms.append(now_ms)
        standing.trial_ms = now_ms + TRIAL_MS
        return 0

    def learn(self, attempt: Attempt, outcome: Outcome) -> Outcome:
        """Take how an attempt ended; return it as the effect's own outcome.

        A page that its own channel refuses is not given up while another one may stand in.
        """
        standing = self._of(attempt.effect.tenant, attempt.effect.to)
        if attempt.effect.kind is EffectKind.NOTIFY:
            standing.take(outcome)
        if attempt.is_diverted:
            return _owned(attempt, outcome)
        if attempt.fallback and outcome.result is Result.REFUSED:
            return outcome.model_copy(update={"result": Result.RETRY, "data": {}})
        return outcome

    def _is_stopped(self, tenant: str, name: str, plan: "TenantPlan", *, now_ms: int) -> bool:
        """Say whether a fallback is out itself, or may not be asked this minute."""
        standing = self._of(tenant, name)
        return standing.is_out(now_ms) or standing.count(now_ms) >= plan.channels[name].per_minute

    def _of(self, tenant: str, channel: str) -> _Standing:
        return self._standings.setdefault((tenant, channel), _Standing())


def _is_urgent(effect: Effect) -> bool:
    """Say whether a message is a critical page."""
    payload = effect.payload
    return payload.get("kind") in PAGES and payload.get("severity") == Severity.CRITICAL


def _places(effect: Effect, per_minute: int) -> int:
    """Return how often a minute a receiver is asked, as far as such a message is concerned."""
    return per_minute if _is_urgent(effect) else per_minute - per_minute // KEPT_SHARE


def _owned(attempt: Attempt, outcome: Outcome) -> Outcome:
    """Return what another channel's outcome means for the message it stood in for.

    It is never given up on the other's word, and what the other one achieved in part is none of
    its own channel's business.
    """
    other = attempt.effect.to
    if outcome.result is Result.DONE:
        said = f"sent by {other} instead, because {attempt.asked.to} {attempt.why}"
        kept = outcome.data.get(KEPT_BY, {}).get(other, {})
        told = {"reason": _joined(said, outcome.reason), "data": {KEPT_BY: {other: kept}}}
    else:
        said = f"not sent by {other} instead either"
        told = {"reason": _joined(said, outcome.reason), "data": {}, "result": Result.RETRY}
    return outcome.model_copy(update=told)


def _joined(said: str, reason: str) -> str:
    return (f"{said}: {reason}" if reason else said)[:REASON_CHARS]
