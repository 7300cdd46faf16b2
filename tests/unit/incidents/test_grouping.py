"""Which incident a finding belongs to."""

from collections.abc import Iterable

import pytest

from auscult.incidents import advance, choose
from auscult.incidents.grouping import TOGETHER_MS
from auscult.kernel.facts import Found, Resolved
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.words import Severity, Subject, TenantId

ACME = TenantId("acme")
START_MS = 1_800_000_000_000
CHAIN = ["ingest", "enhance", "encode", "package", "edge", "player", "billing"]


def neighbours(service: str) -> Iterable[str]:
    """A chain from ingest to player; billing stands alone."""
    if service not in CHAIN[:-1]:
        return ()
    place = CHAIN.index(service)
    return [CHAIN[near] for near in (place - 1, place + 1) if 0 <= near < len(CHAIN) - 1]


def finding(service: str, *, at_ms: int = START_MS, phase: Phase = Phase.FIRING) -> Finding:
    return Finding(
        tenant=ACME,
        fingerprint=f"fp-{service}-{at_ms if phase is Phase.FIRING else START_MS}",
        subject=Subject(service=service),
        signal="latency",
        seen_by="scorer",
        at_ms=at_ms,
        phase=phase,
        evidence=Evidence(sentence=f"{service} is slow"),
    )


def incident(service: str, name: str = "I1", at_ms: int = START_MS) -> Incident:
    step = advance(None, Found(finding=finding(service, at_ms=at_ms)), now_ms=at_ms, new_id=name)
    assert step.incident is not None
    return step.incident


@pytest.mark.parametrize(
    ("service", "later_ms", "joins"),
    [
        ("encode", 10_000, True),
        ("edge", 10_000, True),
        ("ingest", 10_000, True),
        ("billing", 10_000, False),
        ("edge", TOGETHER_MS + 1, False),
        ("encode", TOGETHER_MS + 1, True),  # the same service still wrong: the same story
    ],
)
def test_a_finding_joins_what_is_near_in_the_graph_and_in_time(
    service: str, later_ms: int, *, joins: bool
) -> None:
    chosen = choose(
        finding(service, at_ms=START_MS + later_ms), [incident("encode")], neighbours=neighbours
    )
    assert (chosen is not None) is joins


def test_the_incident_that_holds_the_fingerprint_comes_first() -> None:
    holding, newer = incident("encode"), incident("encode", "I2", START_MS + 5_000)
    assert choose(finding("encode"), [newer, holding], neighbours=neighbours) is holding


def test_among_those_that_fit_the_one_that_moved_last_is_taken() -> None:
    older, newer = incident("ingest"), incident("edge", "I2", START_MS + 5_000)
    late = finding("encode", at_ms=START_MS + 6_000)
    assert choose(late, [older, newer], neighbours=neighbours) is newer


def test_a_fault_is_not_joined_to_what_nobody_was_woken_for() -> None:
    note = incident("encode").model_copy(update={"severity": Severity.INFO})
    other = finding("encode").model_copy(update={"fingerprint": "another"})
    assert choose(other, [note], neighbours=neighbours) is None
    mild = other.model_copy(update={"severity": Severity.INFO})
    assert choose(mild, [note], neighbours=neighbours) is note
    assert choose(mild, [incident("encode")], neighbours=neighbours) is None
    assert choose(finding("encode"), [note], neighbours=neighbours) is note, "the same, but worse"


def test_nothing_joins_an_incident_that_is_over() -> None:
    over = advance(
        incident("encode"),
        Resolved(tenant=ACME, incident="I1", by="ana"),
        now_ms=START_MS + 1,
        new_id="-",
    ).incident
    assert over is not None
    assert choose(finding("encode"), [over], neighbours=neighbours) is None


def test_an_end_joins_only_what_holds_its_beginning() -> None:
    cleared = finding("edge", phase=Phase.CLEARED)
    assert choose(cleared, [incident("encode")], neighbours=neighbours) is None
