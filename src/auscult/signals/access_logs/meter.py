"""What requests and players' words add up to, as series.

Each (service, route): requests, failures (5xx), refusals (4xx), bytes sent, mean duration. Each
service whose players speak CMCD: requests with CMCD, with a starved buffer, the mean of encoded
bitrate, measured throughput, buffer length, live latency, start-up delay and stall length.
"""

from collections.abc import Hashable

import numpy as np

from auscult.kernel.telemetry import RequestColumns
from auscult.kernel.words import Labels
from auscult.signals.tallies import Measure, SlotOf, Tally, Told

REQUESTS = (
    Measure("access_requests_total"),
    Measure("access_failures_total"),
    Measure("access_refusals_total"),
    Measure("access_sent_bytes_total"),
    Measure("access_duration_mean_seconds", is_mean=True),
)
_ALL, _FAILED, _REFUSED, _SENT, _LASTED = range(5)
PLAYERS = (
    Measure("cmcd_requests_total"),
    Measure("cmcd_starved_total"),
    Measure("cmcd_bitrate_mean_kbps", is_mean=True),
    Measure("cmcd_throughput_mean_kbps", is_mean=True),
    Measure("cmcd_buffer_mean_seconds", is_mean=True),
    Measure("cmcd_live_latency_mean_seconds", is_mean=True),
    Measure("cmcd_startup_mean_seconds", is_mean=True),
    Measure("cmcd_stall_mean_seconds", is_mean=True),
)
_KEY_OF = ("br", "mtp", "bl", "ltc", "msd", "bsd")
_SCALE = (1.0, 1.0, 1e-3, 1e-3, 1e-3, 1e-3)
"""Which key each mean of `PLAYERS` is of, and what makes its unit ours."""

_CLIENT_ERROR, _SERVER_ERROR, _END = 400, 500, 600
OTHER = "(other)"


class RequestMeter:
    """What one source's requests add up to."""

    def __init__(self) -> None:
        """Begin without a request."""
        self._requests = Tally(REQUESTS, other=_route_labels((OTHER, OTHER)))
        self._players = Tally(PLAYERS, other=_service_labels(OTHER))

    def count(self, requests: RequestColumns, *, now_ms: int) -> None:
        """Add requests that were read."""
        if not len(requests):
            return
        row_of = self._requests.rows(requests.groups, _route_labels, now_ms=now_ms)
        rows, status = row_of[requests.group], requests.status
        ones = np.ones(len(rows))
        self._requests.add(_ALL, rows, ones)
        self._requests.add(_FAILED, rows, ones * ((status >= _SERVER_ERROR) & (status < _END)))
        self._requests.add(
            _REFUSED, rows, ones * ((status >= _CLIENT_ERROR) & (status < _SERVER_ERROR))
        )
        self._requests.add(_SENT, rows, np.nan_to_num(requests.sent_bytes))
        timed = ~np.isnan(requests.duration_ms)
        self._requests.add(_LASTED, rows[timed], requests.duration_ms[timed] / 1e3)
        self._count_players(requests, now_ms=now_ms)

    def tell(self, slot_of: SlotOf, *, now_ms: int) -> list[Told]:
        """Return what was counted up to now."""
        return [tally.tell(slot_of, now_ms=now_ms) for tally in (self._requests, self._players)]

    def _count_players(self, requests: RequestColumns, *, now_ms: int) -> None:
        speaks = ~np.isnan(requests.player).all(axis=1)
        if not speaks.any():
            return
        services = [requests.groups[group][0] for group in requests.group[speaks].tolist()]
        rows = self._players.rows(services, _service_labels, now_ms=now_ms)
        said = dict(zip(requests.player_keys, requests.player[speaks].T, strict=True))
        self._players.add(0, rows, np.ones(len(rows)))
        self._players.add(1, rows, np.nan_to_num(said["bs"]))
        for place, (key, scale) in enumerate(zip(_KEY_OF, _SCALE, strict=True), start=2):
            value = said[key]
            there = ~np.isnan(value)
            self._players.add(place, rows[there], value[there] * scale)


def _route_labels(key: Hashable) -> Labels:
    assert isinstance(key, tuple)
    return (("route", key[1]), ("service", key[0]))


def _service_labels(key: Hashable) -> Labels:
    return (("service", str(key)),)
