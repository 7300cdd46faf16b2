"""Series and samples as the engine would answer them."""

from dataclasses import dataclass, field

from auscult.kernel.words import Labels, TenantId
from auscult.signals.columns.intake import Accepted


@dataclass
class FakeSeries:
    slot: int
    tenant: TenantId
    labels: Labels
    state: str = "watched"
    kind: str = "gauge"
    at_ms: list[int] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    usual_low: float | None = 1.0
    usual_high: float | None = 2.0


@dataclass(frozen=True)
class FakeDecoded:
    refused_labels: int = 0
    refused_cap: int = 0


@dataclass(frozen=True)
class FakeReceived:
    accepted: Accepted
    decoded: FakeDecoded
