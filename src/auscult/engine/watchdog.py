"""The dead man's switch: says outside that auscult can page; who hears nothing pages instead.

Heartbeats stop when the database takes no writes, timers are late, or nobody takes up what is to be
sent, for then nobody would be called. A receiver that does not answer stops none: it has its
fall-back and its dead letters.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp

from auscult.kernel.errors import EffectError
from auscult.runtime.logging import logger
from auscult.vault.references import resolve_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auscult.engine.auditor import Health
    from auscult.runtime.metrics import Metrics
    from auscult.runtime.settings.tree import WatchdogSettings

ANSWER_S = 10.0
REFUSED_FROM = 400

log = logger("engine.watchdog")


class Watchdog:
    """Asks `watchdog.url` every `watchdog.every_s` as long as auscult can page."""

    def __init__(
        self,
        settings: "Callable[[], WatchdogSettings]",
        *,
        environ: "Mapping[str, str]",
        metrics: "Metrics",
    ) -> None:
        """Take the settings in force, and where secrets come from."""
        self._settings = settings
        self._environ = environ
        self._metrics = metrics
        self._is_heard = True

    async def run(self, http: aiohttp.ClientSession, health: "Callable[[], Health]") -> None:
        """Beat until cancelled; without a URL, look again whether there is one."""
        while True:
            settings = self._settings()
            if settings.url is not None:
                await self._beat(
                    http, health(), resolve_secret(settings.url, environ=self._environ)
                )
            await asyncio.sleep(settings.every_s)

    async def _beat(self, http: aiohttp.ClientSession, health: "Health", url: str) -> None:
        if not health.store or health.timers_overdue or health.effects_unclaimed:
            self._say("held", "the database takes no writes, or timers or messages are late")
            return
        try:
            async with asyncio.timeout(ANSWER_S), http.get(url, allow_redirects=False) as answer:
                why = f"status {answer.status}" if answer.status >= REFUSED_FROM else ""
        except (TimeoutError, aiohttp.ClientError, OSError, EffectError, ValueError) as broken:
            why = type(broken).__name__  # never its text: the URL is a secret
        self._say("failed" if why else "sent", why)

    def _say(self, result: str, why: str) -> None:
        self._metrics.heartbeats.labels(result=result).inc()
        is_heard = result == "sent"
        if is_heard is not self._is_heard:
            word = "is heard again" if is_heard else "is not heard"
            (log.info if is_heard else log.warning)(f"the watchdog {word}", why=why)
        self._is_heard = is_heard
