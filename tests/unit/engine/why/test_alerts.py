"""Why alerts of others are told now, or are not, is asked of the groups they stand in."""

from typing import Any

import pytest

from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.engine.why.alerts import GroupAnswer, ask_groups
from auscult.kernel.alerts import Alert
from auscult.kernel.effects import Outcome, Result
from auscult.kernel.errors import QueryUnknown
from auscult.kernel.facts import Answered
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.times import HOUR_MS, MINUTE_MS
from auscult.notification.decide.alerts import Alerting
from tests.unit.engine.bench import ACME, Bench, silence

ALERTING: dict[str, Any] = {
    "route": {
        "receiver": "team",
        "group_by": ["alertname", "service"],
        "group_wait": "0s",
        "repeat_interval": "4h",
    },
    "receivers": [{"name": "team", "to": ["ops"]}],
    "inhibit_rules": [
        {
            "source_matchers": ['alertname="Down"'],
            "target_matchers": ['alertname="Slow"'],
            "equal": ["service"],
        }
    ],
}


@pytest.fixture
def alerted(bench: Bench) -> Bench:
    bench.rules = Rules(alerting=Alerting.model_validate(ALERTING))
    return bench


def fire(bench: Bench, name: str, service: str = "edge") -> None:
    now_ms = bench.clock.now_ms()
    labels = (("alertname", name), ("service", service))
    alert = Alert(f"fp-{name}-{service}", labels, (), now_ms, now_ms + HOUR_MS, now_ms)
    with bench.store.write() as work:
        take_in(work.of(ACME), [alert], bench.rules.alerting.paths, now_ms=now_ms)


def why(bench: Bench, *matchers: str) -> list[GroupAnswer]:
    read = tuple(map(parse_matcher, matchers))
    with bench.store.read() as work:
        now_ms = bench.clock.now_ms()
        return list(ask_groups(work.of(ACME), bench.rules.alerting, read, now_ms=now_ms))


def said(bench: Bench, *matchers: str) -> list[tuple[bool, str]]:
    return [(one.tells, one.sentence) for group in why(bench, *matchers) for one in group.answers]


def test_an_alert_that_fires_tells_and_once_told_says_that_nothing_is_new(alerted: Bench) -> None:
    fire(alerted, "Down")
    fire(alerted, "Other", "encode")
    assert said(alerted, 'alertname="Down"') == [(True, "ops: first notification")]
    with alerted.store.write() as work:
        (group,) = (one for one in work.of(ACME).groups.page() if "Down" in one.key)
        ring_groups(work.of(ACME), [group.id], alerted.rules, now_ms=alerted.clock.now_ms())
    alerted.clock.advance(ms=MINUTE_MS)
    ((tells, sentence),) = said(alerted, "alertname=Down")
    assert not tells
    assert sentence == ("ops: nothing new since it was told, and the repeat interval is not over")
    assert why(alerted, "alertname=Down")[0].receiver == "team"


def test_what_inhibits_is_named_by_its_labels(alerted: Bench) -> None:
    fire(alerted, "Down")
    fire(alerted, "Slow")
    assert said(alerted, "alertname=Slow") == [
        (False, 'Slow: inhibited by alertname="Down", service="edge"')
    ]


def test_a_silence_is_named_with_its_words(alerted: Bench) -> None:
    fire(alerted, "Down")
    silence(alerted, "service=edge")
    assert said(alerted, "alertname=Down") == [
        (False, "Down: silenced by silence s1 of ann: we move it")
    ]


def look(bench: Bench, after_ms: int = HOUR_MS) -> None:
    """Ring whatever is due, a while later."""
    bench.clock.advance(ms=after_ms)
    now_ms = bench.clock.now_ms()
    with bench.store.write() as work:
        rows = work.of(ACME)
        ids = [one.id for one in rows.groups.page() if 0 <= one.next_ms <= now_ms]
        ring_groups(rows, ids, bench.rules, now_ms=now_ms)


def test_what_was_decided_and_what_became_of_it_is_told_of_what_is_over_too(
    alerted: Bench,
) -> None:
    fire(alerted, "Down")
    fire(alerted, "Slow")
    with alerted.store.write() as work:
        rows, now_ms = work.of(ACME), alerted.clock.now_ms()
        ids = [one.id for one in rows.groups.page()]
        rung = ring_groups(rows, ids, alerted.rules, now_ms=now_ms)
        (effect,) = rung.effects
        done = Outcome(key=effect.key, tenant=ACME, result=Result.DONE, at_ms=now_ms + 5)
        settle(work, Answered(outcome=done), alerted.plans, clock=alerted.clock)
    (told,) = why(alerted, "alertname=Down", "service=edge")
    assert [(one.kind, one.sentence) for one in told.entries] == [
        ("decided", "Decided: told ops (first notification)."),
        ("sent", "ops (ops) send: done"),
    ]
    (reason,) = told.entries[0].reasons
    assert (reason.name, reason.holds, reason.why) == ("ops", True, "first notification: Down")
    assert [(one.channel, one.state, one.attempts) for one in told.messages] == [("ops", "done", 1)]
    for _ in range(2):
        look(alerted)
    (over,) = why(alerted, "alertname=Down", "service=edge")
    assert over.answers == ()
    assert [one.sentence for one in over.entries][2:] == [
        "Decided: told ops (all alerts resolved)."
    ]
    assert over.written()["entries"][0]["reasons"][0]["name"] == "ops"
    (muted,) = why(alerted, "alertname=Slow")
    assert muted.entries[0].reasons[0].name == 'alertname="Down", service="edge"'
    assert muted.entries[-1].sentence.startswith("Decided: did not tell ops (all resolved before")


def test_what_is_over_is_found_by_labels_its_group_does_not_have(
    alerted: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerted.rules = Rules(
        alerting=Alerting.model_validate(
            ALERTING | {"route": ALERTING["route"] | {"group_by": ["alertname"]}}
        )
    )
    fire(alerted, "Down")
    fire(alerted, "Down", "encode")
    for after_ms in (0, HOUR_MS, HOUR_MS):
        look(alerted, after_ms)
    (told,) = why(alerted, "service=encode")
    assert told.answers == ()
    assert why(alerted, "service=encode", "alertname=Slow") == []
    assert why(alerted, "service=db") == []
    monkeypatch.setattr("auscult.engine.why.alerts.HISTORIES_MAX", 0)
    with pytest.raises(QueryUnknown, match="name labels they are grouped by"):
        why(alerted, "service=encode")
    assert len(why(alerted, "alertname=Down")) == 1


def test_the_history_of_a_group_is_bounded(alerted: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auscult.engine.why.alerts.HISTORY_MAX", 2)
    for _ in range(3):
        fire(alerted, "Down")
        look(alerted)
    (told,) = why(alerted, "alertname=Down")
    assert (len(told.entries), told.is_whole) == (2, False)


def test_a_route_that_is_gone_is_said_and_what_fits_nothing_is_nowhere(alerted: Bench) -> None:
    fire(alerted, "Down")
    assert why(alerted, "alertname=Nowhere") == []
    alerted.rules = Rules(
        alerting=Alerting.model_validate(
            ALERTING
            | {
                "route": {"receiver": "else"},
                "receivers": [{"name": "else", "to": ["ops"]}],
            }
        )
    )
    assert said(alerted, "alertname=Down") == [(False, "its route is gone from the settings")]


def test_asking_changes_nothing_and_is_bounded(
    alerted: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fire(alerted, "Down")
    fire(alerted, "Down", "encode")
    first = why(alerted, "alertname=Down")
    assert why(alerted, "alertname=Down") == first
    assert len(first) == 2
    monkeypatch.setattr("auscult.engine.why.alerts.GROUPS_MAX", 1)
    with pytest.raises(QueryUnknown, match="groups"):
        why(alerted, "alertname=Down")
