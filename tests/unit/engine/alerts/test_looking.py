"""An alert whose incident a person resolved, and that goes on firing, is told of again soon."""

import pytest

from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.incidents import LOOK_AGAIN_MS
from auscult.kernel.alerts import Silence
from auscult.kernel.facts import Fact, Found, Rang, Resolved, Timer
from auscult.kernel.incidents import Incident
from auscult.kernel.matchers import parse_matcher
from auscult.notification.decide import Route
from tests.unit.engine.alerts.test_ringing import HOUR_MS, alert, alerting, post
from tests.unit.engine.bench import ACME, Bench

RULES = Rules(alerting=alerting(receiver="told"), routes=(Route(to=("ops",)),))


def take(bench: Bench, fact: Fact) -> Settled:
    with bench.store.write() as work:
        return settle(work, fact, bench.plans, clock=bench.clock)


def ring(bench: Bench) -> list[Incident]:
    """Ring every group; return the incidents that come of it."""
    with bench.store.write() as work:
        rows = work.of(ACME)
        ids = [one.id for one in rows.groups.page()]
        rung = ring_groups(rows, ids, RULES, now_ms=bench.clock.now_ms())
        done = [
            settle(work, Found(finding=one), bench.plans, clock=bench.clock)
            for one in rung.findings
        ]
    return [one.incident for one in done if one.incident is not None]


def look_timer(bench: Bench, incident: Incident) -> Timer | None:
    with bench.store.read() as work:
        return work.of(ACME).timers.get(f"look:{incident.key}")


@pytest.fixture
def resolved(bench: Bench) -> Incident:
    """An incident of an alert that goes on firing, resolved by hand."""
    bench.rules = RULES
    post(bench, RULES.alerting, alert(bench))
    bench.clock.advance(s=2)
    (incident,) = ring(bench)
    bench.clock.advance(s=20)
    take(bench, Resolved(tenant=ACME, incident=incident.id, by="ana"))
    return incident


def look(bench: Bench, incident: Incident) -> Incident | None:
    timer = look_timer(bench, incident)
    assert timer is not None
    bench.clock.advance(ms=LOOK_AGAIN_MS)
    return take(bench, Rang(timer=timer, still_firing=False)).incident


def test_it_is_told_again_as_an_incident_of_its_own(bench: Bench, resolved: Incident) -> None:
    again = look(bench, resolved)
    assert again is not None
    assert again.id != resolved.id
    assert "still firing 5 min after ana resolved it" in again.headline
    with bench.store.read() as work:
        assert work.of(ACME).effects.row(f"{again.id}:opened:1:ops") is not None
    assert look_timer(bench, resolved) is None


def test_what_is_over_by_then_is_not(bench: Bench, resolved: Incident) -> None:
    post(bench, RULES.alerting, alert(bench, ends_ms=0))
    assert look(bench, resolved) is None
    assert look_timer(bench, resolved) is None


def test_what_is_silenced_is_looked_at_again_later(bench: Bench, resolved: Incident) -> None:
    now_ms = bench.clock.now_ms()
    silence = Silence(
        id="s1",
        matchers=(parse_matcher("team=mine"),),
        starts_ms=now_ms,
        ends_ms=now_ms + LOOK_AGAIN_MS + 1,
        updated_ms=now_ms,
    )
    assert silence.ends_ms < now_ms + HOUR_MS
    with bench.store.write() as work:
        work.of(ACME).silences.put(silence)
    assert look(bench, resolved) is None
    assert look(bench, resolved) is not None
