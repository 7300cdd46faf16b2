"""Whom a group told, and why nobody else, is on record once, in the commit that decides it."""

from typing import Any

import pytest

from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.steps import Rules
from auscult.kernel.alerts import Alert, Group, fingerprints
from auscult.kernel.times import HOUR_MS
from auscult.notification.decide.alerts import DECIDED, Alerting, Flush, Muting, Reason, Why, noted
from auscult.notification.decide.alerts.decided import detail_of, read_muted
from auscult.store.rows.audit import DETAIL_CHARS_MAX
from auscult.store.transaction import Transaction
from tests.unit.engine.bench import ACME, Bench, silence

INTERVAL_MS = 10_000
RULES = Alerting.model_validate(
    {
        "route": {
            "receiver": "team",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "10s",
            "repeat_interval": "1h",
            "routes": [
                {"receiver": "team", "matchers": ["when=never"], "active_time_intervals": ["2020"]}
            ],
        },
        "receivers": [{"name": "team", "to": ["ops", {"channel": "mail", "send_resolved": False}]}],
        "inhibit_rules": [
            {"source_matchers": ["alertname=Down"], "target_matchers": ["alertname=Slow"]}
        ],
        "time_intervals": [{"name": "2020", "time_intervals": [{"years": ["2020"]}]}],
    }
)


def alert(bench: Bench, name: str = "Slow", *, ends_ms: int = 9 * HOUR_MS, **labels: str) -> Alert:
    pairs = tuple(sorted({"alertname": name, **labels}.items()))
    now_ms = bench.clock.now_ms()
    return Alert(fingerprints([pairs])[0], pairs, (), now_ms, now_ms + ends_ms, now_ms)


def look(bench: Bench, *alerts: Alert, rules: Alerting = RULES) -> None:
    """Take alerts in and ring whatever is due, a look later than before."""
    bench.clock.advance(ms=INTERVAL_MS)
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        rows = work.of(ACME)
        take_in(rows, alerts, rules.paths, now_ms=now_ms)
        ids = [one.id for one in rows.groups.page() if 0 <= one.next_ms <= now_ms]
        ring_groups(rows, ids, Rules(alerting=rules), now_ms=now_ms)


def record(bench: Bench) -> list[dict[str, Any]]:
    """Return the details on record, the oldest first."""
    with bench.store.write() as work:
        found = work.of(ACME).audit.page(limit=500).rows
    return [one.detail for one in reversed(found) if one.action == DECIDED]


def sentences(bench: Bench) -> list[str]:
    return [one["sentence"] for one in record(bench)]


def test_a_telling_is_on_record_and_a_look_at_which_nothing_is_new_is_not(bench: Bench) -> None:
    look(bench, alert(bench))
    for _ in range(3):
        look(bench)
    (told,) = record(bench)
    assert told["sentence"] == "Decided: told ops (first notification), mail (first notification)."
    assert told["receiver"] == "team"
    assert told["group"] == '{}:{alertname="Slow"}'
    assert told["reasons"] == [
        {"about": "channel", "name": name, "holds": True, "why": "first notification: Slow"}
        for name in ("ops", "mail")
    ]
    bench.clock.advance(ms=HOUR_MS)
    look(bench)
    bench.clock.advance(ms=HOUR_MS)
    look(bench)
    assert len(record(bench)) == 3, "each repeat calls somebody again"
    look(bench, alert(bench, ends_ms=0))
    (over,) = sentences(bench)[3:]
    assert over.startswith("Decided: told ops (all alerts resolved); did not tell mail (resolved")
    look(bench, alert(bench))
    assert sentences(bench)[4:] == sentences(bench)[:1], "the next episode is one of its own"


def test_what_mutes_is_named_once_and_again_when_it_is_something_else(bench: Bench) -> None:
    look(bench, alert(bench, "Down"), alert(bench), alert(bench, host="b"))
    assert [one["receiver"] for one in record(bench)] == ["team", "team"]
    (muted,) = (one for one in record(bench) if "muted" in one["sentence"])
    assert muted["sentence"] == "Decided: 2 alerts muted (inhibited)."
    assert muted["reasons"] == [
        {
            "about": "mute",
            "name": 'alertname="Down"',
            "holds": True,
            "why": "inhibited: Slow (2 alerts)",
        }
    ]
    assert {one.labels for one in read_muted(muted)} == {
        (("alertname", "Slow"),),
        (("alertname", "Slow"), ("host", "b")),
    }
    assert {one.source for one in read_muted(muted)} == {(("alertname", "Down"),)}
    for _ in range(3):
        look(bench)
    assert len(record(bench)) == 2
    silence(bench, "alertname=Slow", for_ms=3 * INTERVAL_MS)
    look(bench, alert(bench, "Down", ends_ms=0))
    look(bench)
    (silenced,) = [one for one in record(bench)[2:] if one["group"].endswith('"Slow"}')]
    assert silenced["reasons"][0]["name"] == "silence s1 of ann: we move it"
    assert "muted" not in silenced, "a silence mutes whatever the settings"
    bench.clock.advance(ms=3 * INTERVAL_MS)
    look(bench)
    assert sentences(bench)[-1].startswith("Decided: told ops (first notification)")


def test_the_same_silence_in_another_episode_is_on_record_again(bench: Bench) -> None:
    silence(bench, "alertname=Slow")
    for _ in range(2):
        look(bench, alert(bench))
        look(bench, alert(bench, ends_ms=0))
    assert sentences(bench) == ["Decided: 1 alert muted (silenced)."] * 2


def test_what_is_muted_beside_what_was_told_is_written_once(bench: Bench) -> None:
    silence(bench, "host=b")
    look(bench, alert(bench), alert(bench, host="b"))
    for _ in range(3):
        look(bench)
    (told,) = record(bench)
    assert told["sentence"].endswith("; 1 alert muted (silenced).")


def test_a_time_that_is_not_its_route_s_and_a_route_that_is_gone_are_said(bench: Bench) -> None:
    look(bench, alert(bench, when="never"))
    assert sentences(bench) == ["Decided: 1 alert muted (the route is not active at this time)."]
    assert record(bench)[0]["reasons"][0]["name"] == "2020"
    look(bench, rules=Alerting())
    assert sentences(bench)[1].startswith("Its route is gone from the settings")


def test_a_record_is_bounded_whatever_is_muted() -> None:
    long = tuple((f"label{number:03}", "é" * 20) for number in range(50))
    alerts = [Alert(f"f{number}", long, (), 1, 9, 1) for number in range(500)]
    muted = tuple(
        Reason(Why.INHIBITED, alerts=(one.fingerprint,), by=f"by {one.fingerprint}" * 90)
        for one in alerts
    )
    group = Group("g", "k" * 9_000, "team", (), 0, 0)
    looked = noted(group, Flush(group, reasons=muted))
    assert looked.is_news
    detail = detail_of(looked, alerts, Muting(), now_ms=5)
    assert len(str(detail)) < DETAIL_CHARS_MAX * 0.9
    kept = list(read_muted(detail))
    assert kept[0].labels == long
    assert len(kept) + detail["left_out"] == len(alerts)
    again = noted(looked.group, Flush(looked.group, reasons=muted))
    assert not again.is_news
    free = noted(again.group, Flush(again.group, reasons=(Reason(Why.UNCHANGED, "ops"),)))
    assert (free.is_news, free.group.decided) == (False, "")
    assert noted(free.group, Flush(free.group, reasons=muted)).is_news, "it was free in between"


def test_many_groups_of_one_commit_cost_no_statement_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []
    run = Transaction.run

    def counted(self: Transaction, *given: Any) -> Any:
        ran.append(given)
        return run(self, *given)

    monkeypatch.setattr(Transaction, "run", counted)
    asked = []
    for count in (2, 60):
        alerts = [alert(bench, f"A{count}-{number}") for number in range(count)]
        with bench.store.write() as work:
            rows, now_ms = work.of(ACME), bench.clock.now_ms()
            ids = [one.id for one in take_in(rows, alerts, RULES.paths, now_ms=now_ms)]
            ran.clear()
            ring_groups(rows, ids, Rules(alerting=RULES), now_ms=now_ms)
        asked.append(len(ran))
    assert len(record(bench)) == 62
    assert asked[1] <= asked[0], "the first one begins the log as well"
