"""The same settings lead to the same pages: a live run, and its replay from the rows."""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.engine.whatif.comparison import DAYS_MAX, WARM_UP_MS, Comparison, compare
from auscult.engine.whatif.recording import deeds_of, read_recording
from auscult.engine.whatif.replay import Outcome, replay
from auscult.kernel.errors import AuscultError, QueryUnknown
from auscult.kernel.facts import (
    Acknowledged,
    Escalated,
    Fact,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.findings import Phase
from auscult.kernel.times import DAY_MS, HOUR_MS, MINUTE_MS
from auscult.kernel.words import Severity
from auscult.notification.decide import MuteRule, Route
from auscult.notification.oncall import OnCall
from tests.unit.engine.bench import ACME, Bench, found

SERVICES = ("encode", "edge", "package", "db")
PEOPLE: list[dict[str, Any]] = [
    {
        "name": "ada",
        "time_zone": "Europe/Berlin",
        "contacts": ["ada-chat", "ada-phone"],
        "rules": [{"channel": "ada-chat"}, {"channel": "ada-phone", "after_min": 3}],
        "pages_per_hour_max": 4,
    },
    {
        "name": "bob",
        "time_zone": "UTC",
        "contacts": ["bob-phone"],
        "quiet_hours": {"hours": [{"start": "01:00", "end": "02:00"}]},
    },
]
ONCALL: dict[str, Any] = {
    "people": PEOPLE,
    "schedules": [
        {
            "name": "s",
            "time_zone": "UTC",
            "layers": [
                {
                    "name": "hours",
                    "people": ["ada", "bob"],
                    "start": "2026-01-01T00:00",
                    "turn": "1 hour",
                }
            ],
        }
    ],
    "policies": [
        {
            "name": "p",
            "steps": [
                {"to": "schedule:s", "name": "L1", "repeat": 1, "again_min": 4},
                {"to": "person:bob", "name": "L2", "wait_min": 5},
            ],
            "fallback": "channel:ops",
            "last_wait_min": 5,
            "repeat": 1,
            "ack_min": 10,
        }
    ],
    "policy": "p",
}
MUTES = (
    {"name": "blips", "severity": "warning", "pause_s": 30},
    {"name": "flaps", "flaps": 3, "within_min": 30, "hold_min": 2},
    {"name": "behind", "match": ['service="edge"'], "while": ['service="db"']},
    {
        "name": "night",
        "match": ['service="package"'],
        "hours": [{"start": "00:30", "end": "01:00"}],
    },
)
ROUTES = (
    {"to": "ops", "on": ["opened", "worsened", "resolved"]},
    {"to": ["chat", "ada-chat"], "severity": "critical"},
)


def rules(
    oncall: dict[str, Any] | None = None,
    routes: tuple[dict[str, Any], ...] = ROUTES,
    mutes: tuple[dict[str, Any], ...] = MUTES,
) -> Rules:
    return Rules(
        routes=tuple(Route.model_validate(one) for one in routes),
        oncall=OnCall.model_validate(oncall or ONCALL),
        mutes=tuple(MuteRule.model_validate(one) for one in mutes),
    )


class Live:
    """The live engine's way of a fact to the rows, with a clock that jumps from due to due."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench = bench
        self.chance = random.Random(seed)
        self.known: list[str] = []

    def take(self, fact: Fact) -> None:
        try:
            with self.bench.store.write() as work:
                settled = settle(work, fact, self.bench.plans, clock=self.bench.clock)
        except AuscultError:
            return  # as a person hears that it is over already
        if settled.incident is not None and settled.incident.id not in self.known:
            self.known.append(settled.incident.id)

    def pass_time(self, ms: int) -> None:
        """Let time pass, and ring each timer in the moment it is due."""
        until_ms = self.bench.clock.now_ms() + ms
        while (due := self._next_due(until_ms)) is not None:
            key, due_ms = due
            self.bench.clock.advance(ms=max(0, due_ms - self.bench.clock.now_ms()))
            with self.bench.store.read() as work:
                timer = work.of(ACME).timers.get(key)
            assert timer is not None
            self.take(Rang(timer=timer))
        self.bench.clock.advance(ms=until_ms - self.bench.clock.now_ms())

    def _next_due(self, until_ms: int) -> tuple[str, int] | None:
        with sqlite3.connect(f"file:{self.bench.folder}/bench.db?mode=ro", uri=True) as rows:
            found: tuple[str, int] | None = rows.execute(
                "select key, due_ms from queue where kind = 'timer' and due_ms <= ? "
                "order by due_ms limit 1",
                (until_ms,),
            ).fetchone()
        return found

    def happen(self) -> None:
        """Do one thing that can happen, to anything."""
        what = self.chance.random()
        service = self.chance.choice(SERVICES)
        if what < 0.45 or not self.known:
            severity = self.chance.choice([Severity.WARNING, Severity.CRITICAL])
            at_ms = self.bench.clock.now_ms() - self.chance.choice([0, 40])
            self.take(found(service, severity=severity, at_ms=at_ms))
        elif what < 0.75:
            self.take(found(service, Phase.CLEARED, at_ms=self.bench.clock.now_ms()))
        else:
            self.take(self._wish(self.chance.choice(self.known[-3:])))

    def _wish(self, incident: str) -> Fact:
        about: dict[str, Any] = {
            "tenant": ACME,
            "incident": incident,
            "by": self.chance.choice(["ada", "bob", "eve"]),
        }
        wishes: list[Fact] = [
            Acknowledged(**about),
            Acknowledged(**about, for_ms=7 * MINUTE_MS + 30_000),
            Silenced(**about, for_ms=HOUR_MS),
            Released(**about),
            Resolved(**about),
            Escalated(**about),
            Reassigned(**about, to="person:bob"),
        ]
        return self.chance.choice(wishes)


def run(bench: Bench, seed: int, *, things: int = 30) -> None:
    bench.rules = rules()
    live = Live(bench, seed)
    for _ in range(things):
        live.happen()
        live.pass_time(live.chance.choice([700, 9_300, 45_100, 170_300, 401_700]))
    live.pass_time(20 * MINUTE_MS)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A run that several tests only read."""
    made = Bench(tmp_path_factory.mktemp("lived"))
    run(made, 3)
    yield made
    made.store.close()


def replayed(bench: Bench, wanted: Rules) -> Outcome:
    now_ms = bench.clock.now_ms()
    with bench.store.read() as work:
        recording = read_recording(work.of(ACME), 0, now_ms)
    return replay(recording, wanted, until_ms=now_ms)


def compared(bench: Bench, wanted: Rules, days: int = 2) -> Comparison:
    with bench.store.read() as work:
        rows = work.of(ACME)
        return compare(rows, bench.rules, wanted, days=days, now_ms=bench.clock.now_ms())


@pytest.mark.parametrize("seed", [0, 1])
def test_the_pages_of_a_live_run_are_those_of_its_replay(bench: Bench, seed: int) -> None:
    run(bench, seed)
    with bench.store.read() as work:
        rows = work.of(ACME)
        recording = read_recording(rows, 0, bench.clock.now_ms())
        due = {
            (page.key, page.person): page.due_ms
            for name in recording.opened_ms
            for page in rows.pages.of(name)
            if page.due_ms <= bench.clock.now_ms()
        }
    outcome = replayed(bench, bench.rules)
    assert {(one.key, one.person) for one in outcome.calls} == recording.pages
    assert outcome.refused == ()
    assert len(recording.pages) > 10
    assert due
    at = {(one.key, one.person): one.at_ms for one in outcome.calls}
    assert {place: at[place] for place in due} == due, "to the millisecond"


def test_the_same_settings_change_nothing(lived: Bench) -> None:
    same = compared(lived, rules())
    assert same.added == same.removed == ()
    assert same.before == same.after == same.recorded == same.reproduced > 0
    assert all(old == new for old, new in same.by_channel.values())


def test_another_route_adds_and_removes_its_pages(lived: Bench) -> None:
    moved = (ROUTES[0] | {"to": "war-room"}, ROUTES[1])
    found_out = compared(lived, rules(routes=moved))
    assert {one.channel for one in found_out.added} == {"war-room"}
    assert {one.channel for one in found_out.removed} == {"ops"}
    assert {one.step for one in found_out.added} == {"route"}
    assert found_out.by_channel["war-room"] == (0, len(found_out.added))
    assert [one.at_ms for one in found_out.added] == sorted(one.at_ms for one in found_out.added)


def test_a_shorter_wait_calls_the_next_level_sooner(lived: Bench) -> None:
    steps = [ONCALL["policies"][0]["steps"][0], {"to": "person:bob", "name": "L2", "wait_min": 1}]
    sooner = ONCALL | {"policies": [ONCALL["policies"][0] | {"steps": steps}]}
    found_out = compared(lived, rules(sooner))
    assert {("bob", "bob-phone", "L2")} <= {
        (one.person, one.channel, one.step) for one in found_out.added
    }
    assert found_out.by_night["bob"], "the run begins at midnight"
    assert sum(new for _, new in found_out.by_night["bob"].values()) == sum(
        one.person == "bob" for one in replayed(lived, rules(sooner)).calls
    ), "all of it lies between 0 and 6 o'clock UTC"


def test_what_people_asked_for_and_would_be_refused_is_said(bench: Bench) -> None:
    bench.rules = rules()
    live = Live(bench, 0)
    live.take(found())
    live.pass_time(MINUTE_MS)
    live.take(Escalated(tenant=ACME, incident=live.known[0], by="ada"))
    (said,) = compared(bench, rules(ONCALL | {"policy": "", "policies": []})).refused
    assert "no escalation policy is for this incident" in said


def test_of_before_facts_were_kept_the_rows_tell_what_they_can(bench: Bench) -> None:
    bench.rules = rules(mutes=())
    live = Live(bench, 0)
    live.take(found(severity=Severity.CRITICAL))
    live.pass_time(2 * MINUTE_MS)
    live.take(Acknowledged(tenant=ACME, incident=live.known[0], by="ada"))
    live.pass_time(30 * MINUTE_MS)
    live.take(Resolved(tenant=ACME, incident=live.known[0], by="ada"))
    with bench.store.read() as work:
        rows = work.of(ACME)
        incident = rows.incidents.get(live.known[0])
        assert incident is not None
        written = [
            replace(row, detail={"sentence": row.detail["sentence"]})
            for row in rows.audit.of(incident.id)
        ]
        deeds = deeds_of(incident, rows.findings.of(incident.id), written)
        recording = replace(read_recording(rows, 0, bench.clock.now_ms()), deeds=tuple(deeds))
    assert {row.action for row in written} >= {"incident.acknowledged", "incident.resolved"}
    outcome = replay(recording, bench.rules, until_ms=bench.clock.now_ms())
    assert outcome == replayed(bench, bench.rules)
    assert outcome.calls


def test_the_days_in_question_begin_where_they_are_asked_from(bench: Bench) -> None:
    bench.rules = rules(mutes=())
    live = Live(bench, 0)
    live.take(found())
    live.pass_time(HOUR_MS)
    live.take(Resolved(tenant=ACME, incident=live.known[0], by="ada"))
    live.pass_time(DAY_MS + HOUR_MS)
    assert compared(bench, rules(), days=1).incidents == 0
    assert compared(bench, rules(), days=2).incidents == 1
    assert WARM_UP_MS >= DAY_MS


@pytest.mark.parametrize("days", [0, -1, DAYS_MAX + 1])
def test_days_out_of_bounds_are_refused(bench: Bench, days: int) -> None:
    with pytest.raises(QueryUnknown, match="days"):
        compared(bench, rules(), days=days)


def test_too_many_incidents_or_steps_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(bench, 1, things=8)
    monkeypatch.setattr("auscult.engine.whatif.replay.STEPS_MAX", 3)
    with pytest.raises(QueryUnknown, match="steps"):
        compared(bench, rules())
    monkeypatch.setattr("auscult.engine.whatif.recording.INCIDENTS_MAX", 1)
    with pytest.raises(QueryUnknown, match="incidents"):
        compared(bench, rules())
