"""What comes back from receivers: authenticated by the channel itself, then done like any wish."""

import hashlib
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auscult.kernel.errors import CredentialMissing, ObjectMissing, StateConflict
from auscult.kernel.facts import Asked
from auscult.notification.inbound import Received
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.engine.events.path import EventPath
    from auscult.engine.wiring import Plans
    from auscult.notification.port import Channel
    from auscult.runtime.clock import Clock

NOT_HERE = "no such channel, or the request is not signed by its receiver"
"""Said of everything that is not authenticated: who asks learns of no tenant and no channel."""

DONE_REMEMBERED = 10_000
"""Requests that are known again, of all tenants."""

log = logger("engine.inbound")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; `headers` by lower-case name."""

    headers: dict[str, str]
    query: dict[str, str]
    body: bytes


class Inbound:
    """Takes what receivers send to `/api/v1/channels/TENANT/CHANNEL`."""

    def __init__(self, events: "EventPath", plans: "Plans", clock: "Clock") -> None:
        """Take where facts are submitted, and whose channels there are."""
        self._events = events
        self._plans = plans
        self._clock = clock
        self._done: OrderedDict[bytes, None] = OrderedDict()

    async def take(self, tenant: str, channel: str, request: Request) -> int:
        """Do what a request asks for; return how many things that were: none for the same again.

        Raises `ObjectMissing` for whatever is not authenticated, `CredentialStale` for what was
        signed too long ago, `BodyMalformed`, `QueueFull`, `StoreUnavailable`.
        """
        plan = next((one for one in self._plans.all() if one.tenant == tenant), None)
        plug = plan.channels.get(channel) if plan is not None else None
        if plan is None or plug is None:
            hmac.digest(b"nobody", request.body, hashlib.sha256)  # takes as long as a real check
            raise ObjectMissing(NOT_HERE)
        received = Received(
            tenant=plan.tenant,
            headers=request.headers,
            query=request.query,
            body=request.body,
            at_ms=self._clock.now_ms(),
        )
        asked = _read(plug, received, name=channel)
        name = hashlib.sha256(repr((tenant, channel)).encode() + request.body).digest()
        if name in self._done:
            return 0
        for one in asked:
            await self._do(one, channel)
        self._remember(name)
        return len(asked)

    def _remember(self, name: bytes) -> None:
        """Remember what was done: receivers deliver again what they think did not arrive.

        Done twice, an acknowledgement would take again what was given back in between.
        """
        self._done[name] = None
        while len(self._done) > DONE_REMEMBERED:
            self._done.popitem(last=False)

    async def _do(self, asked: Asked, channel: str) -> None:
        """Do one thing; what can no longer be done was done already, or is over."""
        try:
            await self._events.submit(asked)
        except (StateConflict, ObjectMissing) as why:
            log.info("a request came too late", channel=channel, fact=asked.fact, why=str(why))


def _read(plug: "Channel", received: Received, *, name: str) -> tuple[Asked, ...]:
    try:
        return plug.receive(received)
    except (CredentialMissing, ObjectMissing) as why:
        log.warning("a request to a channel was refused", channel=name, why=str(why))
        raise ObjectMissing(NOT_HERE) from None
