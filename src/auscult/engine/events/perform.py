"""The effect boundary: one attempt at one effect, and an outcome whatever happens.

This is the one place where any error is caught: what a channel or an action does not foresee must
cost one attempt, never the worker.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.errors import (
    AuscultError,
    ObjectMissing,
    PreconditionFailed,
    ReceiverUnavailable,
)

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock

ATTEMPT_S = 45.0
REASON_CHARS = 500


def open_http() -> "aiohttp.ClientSession":
    """Return the session in which effects go out: one for every tenant, so it keeps nothing.

    A cookie that one tenant's receiver sets must not go out with another tenant's message; no
    proxy of the environment sees what is sent.
    """
    import aiohttp

    return aiohttp.ClientSession(
        auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
    )


async def perform(
    effect: Effect, plans: "Plans", *, http: "aiohttp.ClientSession", clock: "Clock"
) -> Outcome:
    """Attempt an effect once; never raises but for cancellation."""
    end = _Ending(effect, clock)
    if effect.expires_ms is not None and clock.now_ms() > effect.expires_ms:
        return end(Result.REFUSED, "expired before it could be done")
    try:
        async with asyncio.timeout(ATTEMPT_S):
            said, data = await _do(effect, plans, http=http, now_ms=clock.now_ms())
    except ReceiverUnavailable as why:
        kept = {"so_far": why.so_far} if why.so_far else None
        return end(Result.RETRY, str(why), retry_after_ms=why.retry_after_ms, data=kept)
    except TimeoutError:
        return end(Result.RETRY, f"no answer within {ATTEMPT_S:g} s")
    except AuscultError as why:
        precondition = {"precondition": isinstance(why, PreconditionFailed)}
        return end(Result.REFUSED, str(why), data=precondition)
    except Exception as why:  # noqa: BLE001  # the effect boundary, see above
        return end(Result.RETRY, f"{type(why).__name__}: {why}")
    return end(Result.DONE, said, data=data)


@dataclass(frozen=True, slots=True)
class _Ending:
    """How an attempt at one effect ended, said as an outcome."""

    effect: Effect
    clock: "Clock"

    def __call__(
        self,
        result: Result,
        reason: str = "",
        *,
        retry_after_ms: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> Outcome:
        return Outcome(
            key=self.effect.key,
            tenant=self.effect.tenant,
            result=result,
            reason=reason[:REASON_CHARS],
            at_ms=self.clock.now_ms(),
            retry_after_ms=retry_after_ms,
            data=data or {},
        )


async def _do(
    effect: Effect, plans: "Plans", *, http: "aiohttp.ClientSession", now_ms: int
) -> tuple[str, dict[str, Any]]:
    """Do it; return what people should know of it, and what the decision that follows needs."""
    plan = plans.of(effect.tenant)
    if effect.verb == "apply" and plan.rules.plan_only:
        raise PreconditionFailed("automatic repair is switched off (AUTO_REMEDIATION)")
    if effect.kind is EffectKind.NOTIFY:
        channel = plan.channels.get(effect.to)
        if channel is None:
            raise ObjectMissing(f"channel {effect.to!r} is not configured, or not allowed")
        said = await channel.deliver(effect.payload, key=effect.key, at_ms=now_ms, http=http)
        return said, {}
    action = plan.actions.get(effect.to)
    if action is None:
        raise ObjectMissing(f"runbook {effect.to!r} is not configured")
    return "", await action.perform(effect.verb, effect.payload)
