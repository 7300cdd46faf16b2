"""What every detector keeps: calm says nothing, a tenant is judged by its own series alone."""

import numpy as np
import pytest

from auscult.detection import DETECTORS, Watch
from auscult.detection.port import Detector
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.words import Labels, TenantId

BEGIN_MS = 1_700_000_000_000
NONE = np.zeros(0, np.int32)
ACME, BIRCH = TenantId("acme"), TenantId("birch")
METRICS = ("up", "latency_seconds", "requests_total", "disk_used_ratio")
SETTINGS = {"threshold": {"match": ['__name__="disk_used_ratio"'], "above": 0.9}}
"""What a detector needs that has no defaults of its own."""
CALM = np.array([1.0, 0.2, 100.0, 0.5])
BAD = {"up": 0.0, "latency_seconds": 5.0, "requests_total": 0.0, "disk_used_ratio": 0.99}
NAMES = DETECTORS.names()


class Two:
    """Two tenants with the same series under one watch; one detector alone is heard."""

    def __init__(self, name: str) -> None:
        self.name, self.rng, self.second = name, np.random.default_rng(3), 0
        self.labels: list[Labels] = [
            (("__name__", metric), ("service", "encode")) for _ in range(2) for metric in METRICS
        ]
        self.watch = Watch(
            labels_of=self.labels.__getitem__,
            history=lambda _: (np.zeros(0, np.int64), np.zeros(0)),
        )
        for tenant in (ACME, BIRCH):
            self.watch.configure(tenant, {name: self.make()})
        for slot, labels in enumerate(self.labels):
            tenant = ACME if slot < len(METRICS) else BIRCH
            self.watch.learn(slot, tenant, labels=labels, kind="gauge", interval_ms=1_000)

    def make(self) -> Detector:
        return DETECTORS.make(self.name, SETTINGS.get(self.name, {}))

    def pass_by(self, seconds: int, *, acme_is_bad: bool = False) -> list[Finding]:
        """Let time pass; return what this detector found, in its order."""
        found: list[Finding] = []
        for _ in range(seconds):
            self.second += 1
            now_ms = BEGIN_MS + self.second * 1_000
            values = CALM * self.rng.normal(1, [0, 0.05, 0.05, 0.01], (2, len(METRICS)))
            values[0] = list(BAD.values()) if acme_is_bad else values[0]
            slots = np.arange(len(self.labels), dtype=np.int32)
            at_ms = np.full(slots.size, now_ms)
            self.watch.update(slots, at_ms, values=values.ravel(), stale_slots=NONE, now_ms=now_ms)
            found += self.watch.tick(now_ms)
        return [one for one in found if one.seen_by == self.name]


@pytest.mark.parametrize("name", NAMES)
def test_calm_says_nothing(name: str) -> None:
    assert not Two(name).pass_by(400)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_is_found_ends_and_is_its_own_tenants(name: str) -> None:
    two = Two(name)
    two.pass_by(200)
    found = two.pass_by(60, acme_is_bad=True)
    assert found, f"{name} finds none of: a target down, slow, idle, full"
    assert {one.tenant for one in found} == {ACME}
    assert {str(one.subject) for one in found} == {"encode"}
    for one in found:
        assert one.evidence.sentence
        assert BEGIN_MS + 200_000 <= one.at_ms <= BEGIN_MS + 260_000
    over = two.pass_by(120)
    assert {one.tenant for one in over} <= {ACME}
    ended = {one.fingerprint for one in over if one.phase is Phase.CLEARED}
    assert ended >= {one.fingerprint for one in found}, "all is well again, and it says so"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_samples_make_the_same_findings(name: str) -> None:
    first, again = Two(name), Two(name)
    for two in (first, again):
        two.pass_by(150)
    assert [one.model_dump() for one in first.pass_by(30, acme_is_bad=True)] == [
        one.model_dump() for one in again.pass_by(30, acme_is_bad=True)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_it_has_not_is_refused_and_it_says_what_it_does(name: str) -> None:
    with pytest.raises(ValueError, match="colour"):
        DETECTORS.make(name, SETTINGS.get(name, {}) | {"colour": "red"})
    assert len(DETECTORS.load(name).__doc__ or "") > 80
