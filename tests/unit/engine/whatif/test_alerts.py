"""What another section `alerts` would have told is found by the recorded alerts alone."""

import random
from typing import Any

import pytest

from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.steps import Rules
from auscult.engine.whatif.alerts import AlertPage, AlertsCompared, compare_alerts
from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.errors import QueryUnknown
from auscult.kernel.times import DAY_MS, HOUR_MS, MINUTE_MS
from auscult.notification.decide.alerts import Alerting
from tests.unit.engine.bench import ACME, Bench, silence

ROUTE: dict[str, Any] = {
    "receiver": "team",
    "group_by": ["alertname"],
    "group_wait": "0s",
    "group_interval": "1m",
    "repeat_interval": "2h",
}
NIGHTS: dict[str, Any] = {"matchers": ["severity=info"], "receiver": "team"}
MUTED = {**NIGHTS, "mute_time_intervals": ["always"]}
INHIBIT: dict[str, Any] = {
    "source_matchers": ["alertname=Down"],
    "target_matchers": ["alertname=Slow"],
    "equal": ["service"],
}


def section(*routes: dict[str, Any], **more: Any) -> Alerting:
    told: dict[str, Any] = {
        "route": {**ROUTE, "routes": list(routes)},
        "receivers": [
            {"name": "team", "to": ["chat"]},
            {"name": "both", "to": ["chat", {"channel": "mail", "send_resolved": False}]},
            {"name": "story", "incidents": True},
        ],
        "time_intervals": [{"name": "always", "time_intervals": [{}]}],
    }
    return Alerting.model_validate(told | more)


PRESENT = section()


def alert(bench: Bench, name: str, *, ends_ms: int = DAY_MS, **labels: str) -> Alert:
    pairs = tuple(sorted({"alertname": name, "service": "edge", **labels}.items()))
    now_ms = bench.clock.now_ms()
    return Alert(fingerprints([pairs])[0], pairs, (), now_ms, now_ms + ends_ms, now_ms)


def look(bench: Bench, *alerts: Alert, rules: Alerting = PRESENT) -> int:
    """Take alerts in and ring whatever is due, a minute later than before; return when."""
    bench.clock.advance(ms=MINUTE_MS)
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        rows = work.of(ACME)
        take_in(rows, alerts, rules.paths, now_ms=now_ms)
        ids = [one.id for one in rows.groups.page() if 0 <= one.next_ms <= now_ms]
        ring_groups(rows, ids, Rules(alerting=rules), now_ms=now_ms)
    return now_ms


def against(
    bench: Bench, after: Alerting, before: Alerting = PRESENT, *, days: int = 1
) -> AlertsCompared:
    now_ms = bench.clock.now_ms()
    with bench.store.read() as work:
        return compare_alerts(
            work.of(ACME), before, after, span=(now_ms - days * DAY_MS, now_ms), warm_up_ms=DAY_MS
        )


def test_the_same_section_leads_to_what_was_told_whatever_happened(bench: Bench) -> None:
    luck = random.Random(7)
    rules = section(
        MUTED, {"matchers": ["service=db"], "receiver": "both"}, inhibit_rules=[INHIBIT]
    )
    for _ in range(60):
        some = [
            alert(
                bench,
                luck.choice(["Down", "Slow", "Other"]),
                service=luck.choice(["edge", "db"]),
                severity=luck.choice(["info", "warning"]),
                ends_ms=luck.choice([0, 2 * MINUTE_MS, DAY_MS]),
            )
            for _ in range(luck.randint(0, 3))
        ]
        look(bench, *some, rules=rules)
    found = against(bench, rules, rules)
    assert found.recorded > 10
    assert found.reproduced == found.recorded
    assert found.added == found.removed == ()
    assert found.before == found.after


def test_another_receiver_and_another_channel_are_pages_added_and_removed(bench: Bench) -> None:
    first_ms = look(bench, alert(bench, "Down"), alert(bench, "Down", host="b"))
    second_ms = look(bench, alert(bench, "Slow"))
    bench.clock.advance(ms=3 * HOUR_MS)
    look(bench)
    added = against(bench, section({"matchers": ["alertname=Down"], "receiver": "both"}))
    assert (added.alerts, added.recorded, added.reproduced) == (3, 2, 2), "a repeat is no page"
    assert added.added == (AlertPage(first_ms, "mail", ("Down",), 2),)
    assert added.removed == ()
    assert added.by_channel == {"chat": (2, 2), "mail": (0, 1)}
    story = against(bench, section({"matchers": ["alertname=Slow"], "receiver": "story"}))
    assert story.added == (AlertPage(second_ms, "incidents", ("Slow",), 1),)
    assert story.removed == (AlertPage(second_ms, "chat", ("Slow",), 1),)


def test_another_grouping_changes_how_many_messages_there_are(bench: Bench) -> None:
    look(bench, alert(bench, "Down"), alert(bench, "Down", host="b"))
    found = against(bench, section(route={**ROUTE, "group_by": ["..."]}))
    assert (found.before, found.after, len(found.added), found.removed) == (1, 2, 1, ())


def test_a_time_and_an_inhibition_take_pages_away(bench: Bench) -> None:
    look(bench, alert(bench, "Down"), alert(bench, "Slow"), alert(bench, "Slow", service="db"))
    at_ms = look(bench, alert(bench, "Low", severity="info"))
    muted = against(bench, section(MUTED))
    assert muted.removed == (AlertPage(at_ms, "chat", ("Low",), 1),)
    inhibited = against(bench, section(inhibit_rules=[INHIBIT | {"equal": []}]))
    assert [one.names for one in inhibited.removed] == [("Slow",)]
    assert against(bench, section(inhibit_rules=[INHIBIT])).removed == (), "one of both is told"


def test_what_inhibited_is_over_by_what_was_told_of_it(bench: Bench) -> None:
    look(bench, alert(bench, "Down"))
    look(bench, alert(bench, "Down", ends_ms=0))
    look(bench, alert(bench, "Slow"))
    assert against(bench, section(inhibit_rules=[INHIBIT])).removed == ()


def test_what_settings_muted_is_known_by_the_record_of_its_group(bench: Bench) -> None:
    quiet = section(MUTED, inhibit_rules=[INHIBIT])
    at_ms = look(bench, alert(bench, "Low", severity="info"), rules=quiet)
    hidden = {**ROUTE, "routes": [{"matchers": ["alertname=Down"], "receiver": "story"}]}
    story = section(route=hidden, inhibit_rules=[INHIBIT])
    later_ms = look(bench, alert(bench, "Down"), alert(bench, "Slow"), rules=story)
    found = against(bench, section(), quiet)
    assert found.recorded == 0
    assert found.added == (
        AlertPage(at_ms, "chat", ("Low",), 1),
        AlertPage(later_ms, "chat", ("Slow",), 1),
    )
    assert against(bench, story, story).after == 1, "what inhibits is on record beside it"


def test_what_is_silenced_is_not_known_and_what_is_older_is_not_listed(bench: Bench) -> None:
    look(bench, alert(bench, "Down"))
    bench.clock.advance(ms=DAY_MS + HOUR_MS)
    silence(bench, "alertname=Slow")
    look(bench, alert(bench, "Slow"))
    found = against(bench, section({"matchers": ["alertname=~.+"], "receiver": "both"}))
    assert (found.alerts, found.added, found.before) == (0, (), 0)


@pytest.mark.parametrize(
    "limit",
    ["sightings.ROWS_MAX", "sightings.SIGHTINGS_MAX", "alerts.STEPS_MAX"],
)
def test_more_than_can_be_led_is_refused(
    bench: Bench, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(bench, alert(bench, "Down"), alert(bench, "Slow"), alert(bench, "Slow", host="b"))
    monkeypatch.setattr(f"auscult.engine.whatif.{limit}", 1)
    with pytest.raises(QueryUnknown, match="fewer days"):
        against(bench, section(inhibit_rules=[INHIBIT]))
