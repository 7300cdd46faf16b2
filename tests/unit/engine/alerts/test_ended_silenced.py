"""An alert that ends while it is silenced ends its incident, although nobody is told."""

from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.steps import Rules
from auscult.kernel.alerts import Silence
from auscult.kernel.findings import Phase
from auscult.kernel.matchers import parse_matcher
from tests.unit.engine.alerts.test_ringing import HOUR_MS, alert, alerting, post
from tests.unit.engine.bench import ACME, Bench


def rung(bench: Bench) -> list[Phase]:
    rules = alerting(receiver="told")
    with bench.store.write() as work:
        rows = work.of(ACME)
        ids = [one.id for one in rows.groups.page()]
        found = ring_groups(rows, ids, Rules(alerting=rules), now_ms=bench.clock.now_ms())
    return [one.phase for one in found.findings]


def test_its_incident_ends_and_is_told_nothing_more(bench: Bench) -> None:
    rules = alerting(receiver="told")
    post(bench, rules, alert(bench))
    bench.clock.advance(s=2)
    assert rung(bench) == [Phase.FIRING]
    now_ms = bench.clock.now_ms()
    silence = Silence(
        id="s1",
        matchers=(parse_matcher("team=mine"),),
        starts_ms=now_ms,
        ends_ms=now_ms + HOUR_MS,
        updated_ms=now_ms,
    )
    with bench.store.write() as work:
        work.of(ACME).silences.put(silence)
    bench.clock.advance(s=20)
    post(bench, rules, alert(bench, ends_ms=0))
    bench.clock.advance(s=20)
    assert rung(bench) == [Phase.CLEARED]
    bench.clock.advance(s=60)
    assert rung(bench) == []
