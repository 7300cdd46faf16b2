"""An outage of auscult's own ends no alert: nobody could say that it goes on."""

from auscult.engine.alerts.resuming import GRANTED_MS, OUTAGE_MS, resume
from auscult.engine.alerts.taking import take_in
from auscult.kernel.alerts import Alert
from tests.unit.engine.alerts.test_ringing import alert, alerting
from tests.unit.engine.bench import ACME, Bench

MINUTE_MS = 60_000


def live(bench: Bench, *alerts: Alert) -> None:
    """Take alerts in while a replica lives, which then says nothing more."""
    with bench.store.write() as work:
        now_ms = bench.clock.now_ms()
        take_in(work.of(ACME), alerts, alerting().paths, now_ms=now_ms)
        work.replicas.answer("me", now_ms)


def firing_after(bench: Bench, outage_ms: int) -> set[str]:
    """Return what fires once auscult is back after so long."""
    bench.clock.advance(ms=outage_ms)
    with bench.store.write() as work:
        now_ms = bench.clock.now_ms()
        resume(work, now_ms)
        return {dict(one.labels)["alertname"] for one in work.of(ACME).alerts.live(now_ms + 1)}


def test_what_fired_when_auscult_went_fires_when_it_is_back(bench: Bench) -> None:
    live(bench, alert(bench, "Down", ends_ms=4 * MINUTE_MS))
    assert firing_after(bench, 10 * MINUTE_MS) == {"Down"}
    with bench.store.read() as work:
        (left,) = work.of(ACME).alerts.live(0)
    assert left.ends_ms == bench.clock.now_ms() + 4 * MINUTE_MS, "as much time as it had"
    bench.clock.advance(ms=4 * MINUTE_MS)
    with bench.store.read() as work:
        assert work.of(ACME).alerts.live(bench.clock.now_ms() + 1) == [], "unless it is renewed"


def test_what_was_over_is_over_and_what_a_person_ended_ends(bench: Bench) -> None:
    past = alert(bench, "Past", ends_ms=-1)
    until = alert(bench, "Until", ends_ms=GRANTED_MS + MINUTE_MS)
    live(bench, past, until)
    assert firing_after(bench, GRANTED_MS + 2 * MINUTE_MS) == set()


def test_a_short_silence_is_no_outage(bench: Bench) -> None:
    live(bench, alert(bench, "Down", ends_ms=2_000))
    assert firing_after(bench, OUTAGE_MS - 1) == set()


def test_who_took_leave_was_there_until_then(bench: Bench) -> None:
    live(bench, alert(bench, "Down", ends_ms=MINUTE_MS))
    bench.clock.advance(ms=2 * MINUTE_MS)
    with bench.store.write() as work:
        work.replicas.leave("me", bench.clock.now_ms())
        assert work.replicas.heard() == {}
    assert firing_after(bench, MINUTE_MS) == set(), "it ended while somebody was there to see it"
