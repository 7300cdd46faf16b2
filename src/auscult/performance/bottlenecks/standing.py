"""How each service stands now: rates, own time, failures, load, and who calls whom; plain data."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.telemetry import SpanColumns, SpanKind

SERVICES_MAX = 500
_MEMORY_S = 10.0
_IDLE = 1e-3
"""Requests a second below which a service is no longer told of."""

_ENTRIES = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(frozen=True, slots=True)
class StageStanding:
    """One service. Times in seconds are of one span's own time, over the last half minute.

    error_share: of its requests, 0 to 1. cpu_cores, loop_lag_s, utilisation, saturation: as `Load`
    says; None where no metric tells. calls: whom it calls or hands on to.
    """

    service: str
    rate_per_s: float = 0.0
    error_share: float = 0.0
    self_time_p50_s: float | None = None
    self_time_p95_s: float | None = None
    cpu_cores: float | None = None
    loop_lag_s: float | None = None
    utilisation: float | None = None
    saturation: float | None = None
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallStanding:
    """The way from one service to another: the 95th percentile of what it adds, in seconds."""

    caller: str
    called: str
    way_p95_s: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's service graph as it is now. share: of its traces, those that were looked at."""

    at_ms: int = 0
    services: tuple[StageStanding, ...] = ()
    calls: tuple[CallStanding, ...] = ()
    share: float = 1.0
    spans_left_out: int = 0
    spans_twice: int = 0


@dataclass(slots=True)
class Traffic:
    """Requests and failures of each service, as rates over about ten seconds.

    A request is a span that serves or takes up, or one without a parent. All spans are counted,
    also those that are not looked at further.
    """

    _rates: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    _looked_ms: int = 0

    def count(self, columns: list[SpanColumns], *, now_ms: int) -> None:
        """Take what came since the last look."""
        past_s = max((now_ms - self._looked_ms) / 1e3, 0.05) if self._looked_ms else 1.0
        self._looked_ms = now_ms
        fresh: dict[int, NDArray[np.float64]] = {}
        for one in columns:
            entries = np.isin(one.kind, _ENTRIES) | (one.parent == 0)
            size = int(one.service.max()) + 1 if len(one) else 0
            asked = np.bincount(one.service[entries], minlength=size)
            failed = np.bincount(one.service[entries & one.failed], minlength=size)
            for service in np.flatnonzero(asked).tolist():
                counts = np.array([asked[service], failed[service]], dtype=np.float64)
                fresh[service] = fresh.get(service, np.zeros(2)) + counts
        weight = 1 - np.exp(-past_s / _MEMORY_S)
        for service in self._rates.keys() | fresh.keys():
            if service in self._rates or len(self._rates) < SERVICES_MAX:
                known = self._rates.get(service, np.zeros(2))
                now = fresh.get(service, np.zeros(2)) / past_s
                self._rates[service] = known + weight * (now - known)
        for service in [one for one, rate in self._rates.items() if rate[0] < _IDLE]:
            del self._rates[service]

    @property
    def services(self) -> list[int]:
        """Every service that has requests, as numbers of `Names`."""
        return list(self._rates)

    def of(self, service: int) -> tuple[float, float]:
        """Return requests a second, and the share of them that failed."""
        rate = self._rates.get(service)
        if rate is None or rate[0] <= 0:
            return 0.0, 0.0
        return float(rate[0]), float(rate[1] / rate[0])
