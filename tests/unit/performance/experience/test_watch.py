"""Audiences of any size are alarmed by what is unusual for them, and the place is named."""

import numpy as np
import pytest

from auscult.detection.remarks import Ledger, Remark
from auscult.kernel.words import Severity, TenantId
from auscult.performance.experience import PlayWatch, Teller
from auscult.performance.experience.audiences import AUDIENCES_MAX, PAIRS_END, Roster
from auscult.performance.experience.plays import KEPT_MS, OTHER, PLAY, PlayTable
from tests.unit.performance.experience.audience import BEGIN_MS, Crowd, Event, columns

STEP_MS = 10_000


class Evening:
    """A tenant's players and the watch over them, ten seconds at a time."""

    def __init__(self, each: int, seed: int = 1) -> None:
        self.crowd = Crowd(np.random.default_rng(seed), each)
        self.watch, self.teller = PlayWatch(), Teller()
        self.now_ms = BEGIN_MS

    def pass_by(
        self, steps: int, *, share: float = 0.0, kind: str = "FAILURE", **where: str
    ) -> int:
        """Return at which step, from 1, something was said first; 0 for never."""
        first = 0
        for step in range(1, steps + 1):
            self.now_ms += STEP_MS
            events = list(self.crowd.step(self.now_ms, share=share, kind=kind, **where))
            if self.hear(events) and not first:
                first = step
        return first

    def hear(self, events: list[Event]) -> list[Remark]:
        self.watch.take([columns(events, self.now_ms)], self.now_ms)
        self.said = self.teller.tell(self.watch, self.watch.look(self.now_ms), self.now_ms)
        return self.said


@pytest.mark.parametrize(("each", "minutes"), [(2, 60), (20, 20)])
def test_an_edge_that_fails_is_named_within_a_minute(each: int, minutes: int) -> None:
    evening = Evening(each)
    assert evening.pass_by(6 * minutes) == 0, "nothing fails for so long"
    found = evening.pass_by(6, share=0.5, edge="fra1")
    assert 1 <= found <= 3
    (remark,) = evening.said
    assert remark.signal == "playback_failures"
    assert str(remark.subject) == "fra1"
    assert dict(remark.labels) == {"edge": "fra1"}
    assert "plays on edge fra1 failed within" in remark.sentence
    assert "usual is at most" in remark.sentence
    assert remark.severity is Severity.CRITICAL
    (told,) = Ledger(TenantId("acme")).hear(
        ("latency", "latency"), [remark], quiet_ms=10_000, now_ms=evening.now_ms
    )
    assert told.finding.evidence.unit == "%"
    assert told.finding.score > 3
    assert max(one or 0 for one in remark.curve.value) > 10


def test_one_programme_on_one_edge_is_the_most_specific_place() -> None:
    evening = Evening(12)
    evening.pass_by(150)
    assert evening.pass_by(6, share=0.4, edge="ams1", programme="acme/charts")
    (remark,) = evening.said
    assert dict(remark.labels) == {"edge": "ams1", "programme": "acme/charts"}
    assert "of acme/charts on edge ams1" in remark.sentence


def test_what_fails_everywhere_is_laid_to_no_place() -> None:
    evening = Evening(8)
    evening.pass_by(150)
    assert evening.pass_by(6, share=0.3)
    (remark,) = evening.said
    assert str(remark.subject) == "players"
    assert "plays of all programmes" in remark.sentence


def test_stalls_are_told_as_such_and_each_play_once() -> None:
    evening = Evening(6)
    evening.pass_by(150)
    assert evening.pass_by(6, share=0.9, kind="STALL", edge="ams1")
    (remark,) = evening.said
    assert remark.signal == "playback_stalls"
    assert remark.severity is Severity.WARNING
    assert str(remark.subject) == "ams1"


def test_it_stays_one_remark_and_is_over_when_it_is_over() -> None:
    evening = Evening(6)
    evening.pass_by(150)
    evening.pass_by(3, share=0.6, edge="fra1")
    about = {one.about for one in evening.said}
    evening.pass_by(12, share=0.6, edge="fra1")
    assert {one.about for one in evening.said} == about
    evening.pass_by(60)
    assert evening.said == []


@pytest.mark.parametrize("seed", range(2))
def test_a_rate_that_is_usual_alarms_nobody(seed: int) -> None:
    evening = Evening(4, seed)
    assert evening.pass_by(300, share=0.004) == 0


def test_one_listener_who_tries_again_and_again_is_one() -> None:
    evening = Evening(10)
    evening.pass_by(150)
    for attempt in range(30):
        evening.now_ms += STEP_MS
        said: Event = {"programme": "acme/morning", "edge": "fra1", "listener": 77}
        retry: Event = said | {"kind": "FAILURE", "session": 1_000_000 + attempt}
        assert evening.hear([*evening.crowd.step(evening.now_ms), retry]) == []


def test_without_a_history_nobody_is_alarmed() -> None:
    evening = Evening(4)
    assert evening.pass_by(30, share=0.5) == 0


def test_between_two_counts_what_was_said_still_holds() -> None:
    evening = Evening(6)
    evening.pass_by(150)
    evening.pass_by(4, share=0.6, edge="fra1")
    before = evening.said
    evening.now_ms += 1_000
    assert evening.hear([]) == before


def test_audiences_are_bounded() -> None:
    roster = Roster()
    plays = np.zeros(4_000, PLAY)
    plays["place"][:, 0] = np.arange(4_000) % 900 + 2
    plays["place"][:, 2] = np.arange(4_000) % 7 + 2
    numbers = roster.number(plays)
    assert len(roster) == PAIRS_END
    assert roster.refused > 0
    assert roster.count(numbers, np.ones(4_000, np.bool_))[0] == 4_000
    plays["place"][:, 2] = np.arange(4_000) % 1_900 + 2
    roster.number(plays)
    assert len(roster) == AUDIENCES_MAX, "there is room for new edges"


def test_a_new_edge_is_watched_however_many_names_came_before_it() -> None:
    evening = Evening(20)
    assert evening.pass_by(60) == 0
    for minute in range(3):
        flood: list[Event] = [
            {"kind": "STARTUP", "lasted_ms": 900.0, "app_version": f"forged-{minute}-{number}"}
            for number in range(2_000)
        ]
        evening.now_ms += 60_000
        evening.hear(flood)
    assert OTHER in evening.watch.table.texts
    assert evening.watch.table.texts[-1].startswith("forged")
    full = len(evening.watch.roster)
    assert evening.pass_by(6 * 40) == 0, "half an hour later nobody has those names any more"
    assert len(evening.watch.table.texts) < 20
    assert len(evening.watch.roster) < full / 10
    evening.crowd.places = [
        (programme, "new1" if edge == "ams1" else edge, device)
        for programme, edge, device in evening.crowd.places
    ]
    assert evening.pass_by(6 * 20) == 0
    assert 1 <= evening.pass_by(6, share=0.5, edge="new1") <= 3
    assert dict(evening.said[0].labels) == {"edge": "new1"}


@pytest.mark.parametrize("needed", [True, False])
def test_what_is_needed_is_not_forgotten_and_the_others_keep_their_names(*, needed: bool) -> None:
    table, roster, later_ms = PlayTable(), Roster(), BEGIN_MS + 2 * KEPT_MS
    old: Event = {"kind": "FAILURE", "edge": "old", "programme": "morning"}
    table.take(columns([old, old | {"edge": "older"}]), BEGIN_MS)
    roster.number(table.plays)
    table.take(columns([old | {"edge": "new"}], later_ms), later_ms)
    roster.number(table.plays)
    names = [one.named(table.texts) for one in roster.audiences]
    chosen = [names.index({"edge": "old"})] if needed else []
    kept = roster.forget(table.forget_texts(later_ms, needed=roster.texts_of(chosen)))
    after = [one.named(table.texts) for one in roster.audiences]
    assert after == [names[number] for number in kept]
    edges = {name["edge"] for name in after if "edge" in name}
    assert edges == ({"new", "old"} if needed else {"new"})
    assert [table.texts[number] for number in table.plays["place"][0] if number] == [
        "morning",
        "new",
    ]
    again = roster.number(table.plays)
    assert {after[int(one[0])].get("edge", "new") for one in again if one[0] >= 0} == {"new"}
    assert len(roster) == len(after)
