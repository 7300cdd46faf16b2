"""What is of low severity is told every so often, in one message; what is critical at once."""

from typing import Any

import pytest
from pydantic import ValidationError

from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.kernel.effects import Effect, Outcome, Result
from auscult.kernel.facts import Answered, Fact, Resolved
from auscult.kernel.times import MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import Route
from auscult.notification.decide.digests import LINES_MAX
from tests.unit.engine.bench import ACME, Bench, found

LOW = Route.model_validate({"to": "ops", "severity": ["warning", "info"], "digest_min": 60})
HIGH = Route.model_validate({"to": "ops", "severity": "critical"})


@pytest.fixture
def digested(bench: Bench) -> Bench:
    bench.rules = Rules(routes=(LOW, HIGH))
    return bench


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def open_one(bench: Bench, service: str, **changed: Any) -> str:
    incident = take(bench, found(service, at_ms=bench.clock.now_ms(), **changed)).incident
    assert incident is not None
    return incident.id


def digests(bench: Bench) -> list[Effect]:
    with bench.store.read() as work:
        rows = work.of(ACME).effects
        hour_ms = 60 * MINUTE_MS
        first_ms = bench.clock.now_ms() // hour_ms * hour_ms
        keys = [f"digest:ops:{first_ms + n * hour_ms}" for n in range(-2, 4)]
        return [effect for key in keys if (effect := rows.get(key)) is not None]


def opened(bench: Bench, incident: str) -> list[str]:
    with bench.store.read() as work:
        return [row.effect.to for row in work.of(ACME).effects.of(incident)]


def test_what_is_low_is_told_together_when_its_time_comes(digested: Bench) -> None:
    first = open_one(digested, "encode")
    digested.clock.advance(s=600)
    second = open_one(digested, "store")
    assert opened(digested, first) == opened(digested, second) == []
    (digest,) = digests(digested)
    assert digest.due_ms % (60 * MINUTE_MS) == 0
    assert digest.due_ms > digested.clock.now_ms()
    assert digest.payload["title"].startswith("Digest: 2 incidents of low severity")
    assert digest.payload["text"].count("\n") == 1
    assert "encode is slow" in digest.payload["text"]


def test_what_is_over_by_then_is_said_to_be(digested: Bench) -> None:
    incident = open_one(digested, "encode")
    digested.clock.advance(s=240)
    take(digested, Resolved(tenant=ACME, incident=incident, by="ana"))
    (digest,) = digests(digested)
    assert digest.payload["text"].endswith("over after 4 min")
    assert opened(digested, incident) == []


def test_what_becomes_critical_is_told_at_once(digested: Bench) -> None:
    incident = open_one(digested, "encode")
    take(digested, found("encode", severity=Severity.CRITICAL, at_ms=digested.clock.now_ms()))
    assert opened(digested, incident) == ["ops"]


def test_a_digest_that_was_sent_is_not_changed_and_the_next_one_begins(digested: Bench) -> None:
    open_one(digested, "encode")
    (sent,) = digests(digested)
    digested.clock.advance(ms=sent.due_ms - digested.clock.now_ms())
    done = Outcome(key=sent.key, tenant=ACME, result=Result.DONE, at_ms=sent.due_ms)
    take(digested, Answered(outcome=done))
    open_one(digested, "store")
    after, following = digests(digested)
    assert after.payload == sent.payload
    assert following.due_ms == sent.due_ms + 60 * MINUTE_MS


def test_a_digest_has_an_end(digested: Bench) -> None:
    for number in range(LINES_MAX + 5):
        open_one(digested, f"s{number}", fingerprint=f"fp-{number}", signal=f"x{number}")
        digested.clock.advance(s=1)
    (digest,) = digests(digested)
    assert len(digest.payload["digest"]) <= LINES_MAX
    assert len(digest.payload["text"]) <= 2_000


def test_what_is_critical_stands_in_no_digest() -> None:
    with pytest.raises(ValidationError, match="what is critical is told at once"):
        Route.model_validate({"to": "ops", "digest_min": 60})
