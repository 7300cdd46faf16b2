"""Claims of one worker: rows whose time has come, leased to it, and read in the same commit.

A claim is a lease. Whoever dies with claims in hand loses them when the lease ends, and another
attempt is made under the same key: attempts are at least once, the effect is exactly once wherever
the receiver takes the key.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from auscult.engine.events.outbox.outdated import drop_outdated
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.errors import QueueFull, StoreError, StoreUnavailable
from auscult.kernel.facts import Timer
from auscult.kernel.words import TenantId
from auscult.notification.decide import remind
from auscult.runtime.logging import logger
from auscult.store.queue import Room
from auscult.store.turns import Lease

if TYPE_CHECKING:
    from auscult.engine.events.desk import Desk
    from auscult.runtime.clock import Clock
    from auscult.store import Claim, Work
    from auscult.store.queue import Kind
    from auscult.store.rows.effects import EffectRows

T = TypeVar("T")

LEASE_MS = 60_000
"""Longer than any attempt may take (`perform.ATTEMPT_S`), so that a claim outlives its attempt."""

BEHIND_MS = 1_000
"""How long a message waits before it is tried again behind an earlier one."""

POLL_S = 0.5
PAUSE_S = 1.0

log = logger("engine.claims")


def take_up(work: "Work", claim: "Claim", now_ms: int) -> "Effect | None":
    """Return a claimed effect to be attempted now, or put it off behind what must come first."""
    return next(iter(take_up_all(work, [claim], now_ms)), None)


def take_up_all(work: "Work", claims: "Sequence[Claim]", now_ms: int) -> list[Effect]:
    """Return claimed effects to be attempted now; put others off behind what must come first.

    Messages about one incident reach one channel in the order they were wished for: an "over" that
    overtook its "opened" would leave a page open for ever. Each takes along what the ones before it
    left at the channel. Pages that need not be told any more are dropped.
    """
    taken: list[Effect] = []
    attempts = {(claim.tenant, claim.key): claim.attempt for claim in claims}
    for tenant, keys in by_tenant(claims).items():
        rows = work.of(tenant)
        found = rows.effects.rows(keys)
        claimed = [found[key] for key in keys if key in found]
        times = [(row, attempts[tenant, row.effect.key]) for row in claimed]
        gone = drop_outdated(rows, times, now_ms)
        left = [row.effect for row in claimed if row.effect.key not in gone]
        taken += in_order(rows.effects, left, now_ms)
    return taken


def in_order(rows: "EffectRows", claimed: Sequence[Effect], now_ms: int) -> list[Effect]:
    """Return those effects of one tenant that may be attempted now, as `take_up_all` says."""
    shared = rows.shared({one.incident for one in claimed if one.kind is EffectKind.NOTIFY})
    taken: list[Effect] = []
    for effect in claimed:
        has_others = effect.kind is EffectKind.NOTIFY and effect.incident in shared
        one = _in_turn(rows, effect, now_ms) if has_others else effect
        if one is not None:
            taken.append(one)
    return taken


def _in_turn(rows: "EffectRows", effect: Effect, now_ms: int) -> Effect | None:
    if not rows.is_behind(effect):
        return remind(effect, rows.leaving(effect.incident))
    rows.put_off(effect.key, now_ms + BEHIND_MS)
    return None


def by_tenant(claims: "Iterable[Claim]") -> dict[TenantId, list[str]]:
    """Return the keys of claims, by tenant."""
    keys: dict[TenantId, list[str]] = {}
    for claim in claims:
        keys.setdefault(claim.tenant, []).append(claim.key)
    return keys


def timers(work: "Work", claims: "Sequence[Claim]", _now_ms: int) -> list[Timer]:
    """Return the timers that claims are about."""
    return [
        timer
        for tenant, keys in by_tenant(claims).items()
        for timer in work.of(tenant).timers.named(keys)
    ]


def themselves(_work: "Work", claims: "Sequence[Claim]", _now_ms: int) -> "list[Claim]":
    """Return claims as they are."""
    return list(claims)


class Claims:
    """Claims of one worker: rows whose time has come, leased to it under its name."""

    def __init__(self, desk: "Desk", *, clock: "Clock", owner: str) -> None:
        """Take the desk to claim through, and the name under which claims are held."""
        self._desk = desk
        self._clock = clock
        self._owner = owner
        self._wake: dict[Kind, asyncio.Event] = {
            "effect": asyncio.Event(),
            "timer": asyncio.Event(),
            "group": asyncio.Event(),
        }

    def lease(self, most: int) -> Lease:
        """Return what claims up to `most` rows in the very commit that queues them."""
        return Lease(self._owner, self._clock.now_ms() + LEASE_MS, most)

    def wake(self, kind: "Kind") -> None:
        """Say that something of this kind has become due."""
        self._wake[kind].set()

    async def take(
        self, kind: "Kind", room: Room, read: "Callable[[Work, Sequence[Claim], int], list[T]]"
    ) -> "list[T]":
        """Claim what is due now, and return what `read` makes of the claims.

        Both in one commit: what is due is one commit away. Waits a little, or until woken, when
        nothing is due. A row that cannot be read keeps its lease, and is in nobody's way.
        """
        self._wake[kind].clear()
        found = await self.fetch(lambda work: self._claim(work, kind, room=room, read=read))
        if found is None:
            return []
        claims, taken = found
        if not claims:
            await self._pause(kind)
        return taken

    def _claim(
        self,
        work: "Work",
        kind: "Kind",
        *,
        room: Room,
        read: "Callable[[Work, Sequence[Claim], int], list[T]]",
    ) -> "tuple[list[Claim], list[T]]":
        now_ms = self._clock.now_ms()
        claims = work.queue.claim(
            kind, owner=self._owner, now_ms=now_ms, room=room, lease_ms=LEASE_MS
        )
        try:
            return claims, read(work, claims, now_ms)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001  # a defect in one row must keep no other waiting
            return claims, [one for claim in claims for one in self._alone(work, claim, read)]

    def _alone(
        self,
        work: "Work",
        claim: "Claim",
        read: "Callable[[Work, Sequence[Claim], int], list[T]]",
    ) -> "list[T]":
        try:
            return read(work, [claim], self._clock.now_ms())
        except StoreError:
            raise
        except Exception as why:  # this row keeps its lease: the auditor counts it as overdue
            log.error("what is due cannot be read", key=claim.key, exc_info=why)
            return []

    async def write(self, job: "Callable[[Work], T]") -> T:
        """Do a job at the desk; raises what `Desk.write` does."""
        return await self._desk.write(job)

    async def fetch(self, job: "Callable[[Work], T]") -> "T | None":
        """Do a job at the desk; None, after a pause, while the store is away."""
        try:
            return await self._desk.write(job)
        except (StoreUnavailable, QueueFull) as why:
            log.warning("dispatch waits for the store", why=str(why))
            await asyncio.sleep(PAUSE_S)
            return None

    async def _pause(self, kind: "Kind") -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake[kind].wait()
        except TimeoutError:
            return
