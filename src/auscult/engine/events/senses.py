"""What the event path asks of those who watch: what still fires, and what is scraped."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auscult.kernel.words import TenantId

if TYPE_CHECKING:
    from auscult.engine.monitoring.path import Monitoring
    from auscult.engine.samples.feeding import Feeding
    from auscult.engine.samples.scoring import Scoring

SCRAPE = "scrape"


class Senses:
    """Questions to the detectors, the monitors and the sources of this process."""

    def __init__(self, scoring: "Scoring", feeding: "Feeding", monitoring: "Monitoring") -> None:
        """Take whom to ask, once they run."""
        self._scoring = scoring
        self._feeding = feeding
        self._monitoring = monitoring

    async def firing(self) -> frozenset[str]:
        """Return the fingerprints of every finding that is open now, of every tenant."""
        seen: frozenset[str] = await asyncio.to_thread(
            self._scoring.ask, lambda watch: watch.firing()
        )
        return seen | self._monitoring.firing()

    def is_scraped(self, tenant: TenantId, address: str) -> bool:
        """Say whether a `host:port` is a target that a scrape source of this tenant has asked.

        Such a source notes how each target fares, by the target's URL; nothing that was scraped,
        or sent, can name one.
        """
        return any(
            _host_of(name) == address
            for feed in self._feeding.feeds(tenant)
            if feed.use == SCRAPE
            for name in feed.healths
        )


def _host_of(name: str) -> str:
    """Return `host:port` of the health entry `scrape http://host:port/metrics`."""
    url = name.partition(" ")[2]
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
