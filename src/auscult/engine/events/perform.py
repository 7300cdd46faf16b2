"""The effect boundary: one attempt at one effect, and an outcome whatever happens.

Any error is caught here, as at three more edges of the engine (the desk hands a job's error to
whoever asked for the job, a source and a pass of the scorer may break alone; nowhere else, says
`tests/house/conduct.py`): what a channel or an action does not foresee must cost one attempt,
never the worker.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.errors import (
    AuscultError,
    ObjectMissing,
    PreconditionFailed,
    ReceiverUnavailable,
)
from auscult.notification.decide import KEPT_BY, payload_for
from auscult.notification.port import Delivered

if TYPE_CHECKING:
    import aiohttp

    from auscult.engine.events.senses import Senses
    from auscult.engine.wiring import Plans
    from auscult.runtime.clock import Clock

ATTEMPT_S = 45.0
REASON_CHARS = 500


async def perform(
    effect: Effect,
    plans: "Plans",
    *,
    http: "aiohttp.ClientSession",
    clock: "Clock",
    senses: "Senses | None" = None,
) -> Outcome:
    """Attempt an effect once; never raises but for cancellation.

    `senses` tell an action which addresses auscult scrapes; without them that is not known yet.
    """
    end = _Ending(effect, clock)
    if effect.expires_ms is not None and clock.now_ms() > effect.expires_ms:
        return end(Result.REFUSED, "expired before it could be done")
    try:
        async with asyncio.timeout(ATTEMPT_S):
            said, data = "", dict[str, Any]()
            if effect.kind is EffectKind.NOTIFY:
                told = await _tell(effect, plans, http=http, now_ms=clock.now_ms())
                said, data = told.remark, {KEPT_BY: {effect.to: told.kept}} if told.kept else {}
            else:
                data = await _act(effect, plans, senses)
    except ReceiverUnavailable as why:
        kept = {"so_far": why.so_far} if why.so_far else None
        ended = end(Result.RETRY, str(why), retry_after_ms=why.retry_after_ms, data=kept)
        known = {"reached_nobody": why.reached_nobody, "is_busy": why.is_busy}
        return ended.model_copy(update=known)
    except TimeoutError:
        return end(Result.RETRY, f"no answer within {ATTEMPT_S:g} s")
    except AuscultError as why:
        precondition = {"precondition": isinstance(why, PreconditionFailed)}
        refused = end(Result.REFUSED, str(why), data=precondition)
        return refused.model_copy(update={"reached_nobody": True})
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


async def _tell(
    effect: Effect, plans: "Plans", *, http: "aiohttp.ClientSession", now_ms: int
) -> Delivered:
    """Send a message; return what people should know of it, and what is to be kept."""
    channel = plans.of(effect.tenant).channels.get(effect.to)
    if channel is None:
        raise ObjectMissing(f"channel {effect.to!r} is not configured, or not allowed")
    payload = payload_for(effect.to, effect)
    return await channel.deliver(payload, key=effect.key, at_ms=now_ms, http=http)


async def _act(effect: Effect, plans: "Plans", senses: "Senses | None") -> dict[str, Any]:
    """Do one verb of a repair; return what the decision that follows needs."""
    plan = plans.of(effect.tenant)
    if effect.verb == "apply" and plan.rules.plan_only:
        raise PreconditionFailed("automatic repair is switched off (AUTO_REMEDIATION)")
    action = plan.actions.get(effect.to)
    if action is None:
        raise ObjectMissing(f"runbook {effect.to!r} is not configured")
    is_scraped = partial(senses.is_scraped, effect.tenant) if senses is not None else None
    return await action.perform(effect.verb, effect.payload, is_scraped=is_scraped)
