"""The ways of the programmes: whose sound goes to whom, as the taps of probes show it."""

from collections.abc import Iterator
from itertools import pairwise

from auscult.kernel.sounds import Stream
from auscult.kernel.words import TenantId

TAPS_MAX = 10_000
"""Taps of one tenant that are remembered; ways of programmes that come later stay unknown."""


class Ways:
    """Where each programme of each tenant was tapped."""

    def __init__(self) -> None:
        """Begin without a tap."""
        self._taps: dict[TenantId, dict[tuple[str, int], str]] = {}

    def learn(self, tenant: TenantId, stream: Stream) -> Iterator[tuple[str, str]]:
        """Yield (caller, called) pairs that a tap shows: who is later asks who is before."""
        taps = self._taps.setdefault(tenant, {})
        service, hop = stream.subject.service, stream.hop
        if hop is None or taps.get((stream.programme, hop)) == service or len(taps) >= TAPS_MAX:
            return
        taps[stream.programme, hop] = service
        here = (
            (at, name) for (programme, at), name in taps.items() if programme == stream.programme
        )
        for (_, before), (_, after) in pairwise(sorted(here)):
            if before != after:
                yield after, before
