"""The ways of the programmes: whose sound goes to whom, as the taps of probes show it."""

from collections.abc import Iterator

from auscult.kernel.sounds import Stream
from auscult.kernel.words import TenantId

TAPS_MAX = 10_000
"""Taps of one tenant that are remembered; beyond, the programme known for longest is forgotten,
and learnt anew at its next word."""

SERVICES_MAX = 64
"""Services that share one hop of a programme, its edges say; others stay unknown."""

Hops = dict[int, set[str]]
"""Of one programme: the services at each hop."""


class Ways:
    """Where each programme of each tenant was tapped."""

    def __init__(self) -> None:
        """Begin without a tap."""
        self._programmes: dict[TenantId, dict[str, Hops]] = {}

    def learn(self, tenant: TenantId, stream: Stream) -> Iterator[tuple[str, str]]:
        """Yield (caller, called) pairs that a new tap shows: who is later asks who is before."""
        hop, service = stream.hop, stream.subject.service
        if hop is None:
            return
        programmes = self._programmes.setdefault(tenant, {})
        hops = programmes.get(stream.programme, {})
        here = hops.get(hop, set())
        if service in here or len(here) >= SERVICES_MAX:
            return
        _make_room(programmes)
        programmes[stream.programme] = hops
        hops.setdefault(hop, here).add(service)
        before = max((one for one in hops if one < hop), default=hop)
        after = min((one for one in hops if one > hop), default=hop)
        yield from ((service, one) for one in sorted(hops[before] - {service}) if before < hop)
        yield from ((one, service) for one in sorted(hops[after] - {service}) if after > hop)

    def release(self, tenant: TenantId) -> None:
        """Let everything go that is remembered of a tenant."""
        self._programmes.pop(tenant, None)


def _make_room(programmes: dict[str, Hops]) -> None:
    taps = sum(len(services) for hops in programmes.values() for services in hops.values())
    if taps >= TAPS_MAX:
        del programmes[next(iter(programmes))]
