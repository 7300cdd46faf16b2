"""Groups are told by the rules in force when their time comes, and nothing is told twice."""

from typing import Any

import pytest

from auscult.engine.alerts.ringing import AT_ONCE_MAX, Ringer
from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.alerts import Alert, fingerprints
from auscult.kernel.errors import StateConflict
from auscult.notification.decide.alerts import Alerting
from auscult.store.queue import Room
from auscult.store.turns import Lease
from tests.unit.engine.bench import ACME, Bench

WAIT_MS, INTERVAL_MS = 1_000, 10_000
HOUR_MS = 3_600_000
MINE: dict[str, Any] = {"matchers": ['team="mine"'], "receiver": "first"}
ABOVE: dict[str, Any] = {"matchers": ['team="other"'], "receiver": "second"}


def alerting(*routes: dict[str, Any], **more: Any) -> Alerting:
    root = {"receiver": "rest", "group_by": ["alertname"], "group_wait": "1s", **more}
    receivers: list[dict[str, Any]] = [
        {"name": name, "to": [name]} for name in ("first", "second", "rest")
    ]
    receivers.append({"name": "told", "incidents": True})
    route = {**root, "group_interval": "10s", "routes": list(routes)}
    return Alerting.model_validate({"route": route, "receivers": receivers})


def plans_of(rules: Alerting) -> Plans:
    return Plans({ACME: TenantPlan(ACME, rules=Rules(alerting=rules))})


def ringer(bench: Bench, rules: Alerting) -> Ringer:
    return Ringer(plans_of(rules), bench.clock)


def alert(bench: Bench, name: str = "Slow", *, ends_ms: int = HOUR_MS, **labels: str) -> Alert:
    pairs = tuple(sorted({"alertname": name, "team": "mine", **labels}.items()))
    now_ms = bench.clock.now_ms()
    return Alert(fingerprints([pairs])[0], pairs, (), now_ms, now_ms + ends_ms, now_ms)


def post(bench: Bench, rules: Alerting, *alerts: Alert) -> int:
    """Take alerts in; return how many groups that changed."""
    with bench.store.write() as work:
        rows = work.of(ACME)
        return len(take_in(rows, alerts, rules.paths, now_ms=bench.clock.now_ms()))


def ring_all(bench: Bench, rules: Alerting) -> list[str]:
    """Ring whatever is due; return which channels were told."""
    with bench.store.write() as work:
        rows = work.of(ACME)
        ids = [one.id for one in rows.groups.page()]
        rung = ring_groups(rows, ids, Rules(alerting=rules), now_ms=bench.clock.now_ms())
    return [one.to for one in rung.effects]


def after(bench: Bench, ms: int, rules: Alerting) -> list[str]:
    bench.clock.advance(ms=ms)
    return ring_all(bench, rules)


def test_a_route_put_above_tells_nothing_anew(bench: Bench) -> None:
    before, moved = alerting(MINE), alerting(ABOVE, MINE)
    post(bench, before, alert(bench))
    assert after(bench, WAIT_MS, before) == ["first"]
    post(bench, moved, alert(bench))
    assert after(bench, INTERVAL_MS, moved) == []
    over = alert(bench, ends_ms=0)
    post(bench, moved, over)
    assert after(bench, INTERVAL_MS, moved) == ["first"], "its end is told where it was told"
    with bench.store.read() as work:
        assert work.of(ACME).groups.count() == 1


def test_what_no_route_leads_to_any_more_is_told_where_it_goes_now(bench: Bench) -> None:
    before, without = alerting(MINE), alerting()
    post(bench, before, alert(bench))
    assert after(bench, WAIT_MS, before) == ["first"]
    assert after(bench, INTERVAL_MS, without) == [], "it waits for its fellows there"
    assert after(bench, WAIT_MS, without) == ["rest"], "nobody has sent it again"
    assert after(bench, INTERVAL_MS, without) == []


def test_an_alert_that_a_route_above_takes_over_leaves_its_old_group(bench: Bench) -> None:
    before, taken = alerting(MINE), alerting({**MINE, "receiver": "second"}, MINE)
    post(bench, before, alert(bench), alert(bench, instance="b"))
    assert after(bench, WAIT_MS, before) == ["first"]
    assert after(bench, INTERVAL_MS, taken) == []
    assert after(bench, WAIT_MS, taken) == ["second"]
    assert after(bench, 10 * INTERVAL_MS, taken) == []


def test_another_grouping_regroups(bench: Bench) -> None:
    before, apart = alerting(), alerting(group_by=["instance"])
    post(bench, before, *(alert(bench, instance=one) for one in "ab"))
    assert after(bench, WAIT_MS, before) == ["rest"]
    assert after(bench, INTERVAL_MS, apart) == []
    assert after(bench, WAIT_MS, apart) == ["rest", "rest"]


def test_what_was_over_when_its_route_went_begins_nothing(bench: Bench) -> None:
    before, without = alerting(MINE), alerting()
    post(bench, before, alert(bench, ends_ms=2 * WAIT_MS))
    assert after(bench, WAIT_MS, before) == ["first"]
    assert after(bench, INTERVAL_MS, without) == []
    assert after(bench, INTERVAL_MS, without) == []
    with bench.store.read() as work:
        assert work.of(ACME).groups.count() == 1
        assert work.queue.next_due("group") is None


def test_no_incident_waits_for_the_end_of_a_group_that_is_gone(bench: Bench) -> None:
    before, without = alerting({**MINE, "receiver": "told"}), alerting()
    post(bench, before, alert(bench))
    bench.clock.advance(ms=WAIT_MS)
    ring_settled(bench, before)
    with bench.store.read() as work:
        (incident,) = work.of(ACME).incidents.recent(10)
    assert incident.signals[0].phase == "firing"
    bench.clock.advance(ms=INTERVAL_MS)
    ring_settled(bench, without)
    with bench.store.read() as work:
        (incident,) = work.of(ACME).incidents.recent(10)
    assert incident.signals[0].phase == "cleared"


def ring_settled(bench: Bench, rules: Alerting) -> Settled:
    with bench.store.write() as work:
        ids = [one.id for one in work.of(ACME).groups.page()]
        return ringer(bench, rules).ring(work, ACME, ids)


def test_what_is_sent_again_is_in_its_group_until_it_leaves_it(bench: Bench) -> None:
    rules = alerting()
    assert post(bench, rules, alert(bench)) == 1
    assert post(bench, rules, alert(bench)) == 0
    assert after(bench, WAIT_MS, rules) == ["rest"]
    post(bench, rules, alert(bench, ends_ms=0))
    assert after(bench, INTERVAL_MS, rules) == ["rest"]
    assert post(bench, rules, alert(bench)) == 1, "the group was asleep, and nobody in it"
    assert after(bench, WAIT_MS, rules) == ["rest"]


def test_an_alert_whose_own_wait_is_over_hurries_a_group_that_waits(bench: Bench) -> None:
    rules = alerting()
    late = alert(bench)
    bench.clock.advance(ms=WAIT_MS // 2)
    post(bench, rules, alert(bench, instance="b"), late)
    assert after(bench, 3 * WAIT_MS // 4, rules) == []
    assert post(bench, rules, late) == 1
    assert ring_all(bench, rules) == ["rest"]
    assert post(bench, rules, late) == 0


def test_groups_that_wait_for_nobody_are_told_in_the_commit_that_takes_their_alerts_in(
    bench: Bench,
) -> None:
    rules = alerting(group_by=["..."], group_wait="0s")

    def take(count: int, lease: Lease | None = None) -> Settled:
        given = [alert(bench, f"{count}-{number}") for number in range(count)]
        with bench.store.write() as work:
            groups = take_in(work.of(ACME), given, rules.paths, now_ms=bench.clock.now_ms())
            return ringer(bench, rules).ring_at_once(work, ACME, groups, lease=lease)

    assert take(AT_ONCE_MAX).effects == AT_ONCE_MAX
    many = take(AT_ONCE_MAX + 1)
    assert (many.effects, many.groups) == (0, AT_ONCE_MAX + 1)
    some = take(5, Lease("me", bench.clock.now_ms() + 1, most=3))
    assert (some.effects, len(some.leased)) == (2, 3)
    with bench.store.write() as work:
        rest = work.queue.claim(
            "effect", owner="you", now_ms=bench.clock.now_ms(), room=Room(999, 999), lease_ms=1
        )
        assert not {one.key for one in rest} & {one.key for one in some.leased}
        assert len(rest) == AT_ONCE_MAX + 2


def test_an_alert_is_taken_in_although_its_group_cannot_be_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StateConflict("not now")

    rules = alerting(group_wait="0s")
    monkeypatch.setattr("auscult.engine.alerts.ringing.ring_groups", refuse)
    with bench.store.write() as work:
        groups = take_in(work.of(ACME), [alert(bench)], rules.paths, now_ms=bench.clock.now_ms())
        ringer(bench, rules).ring_at_once(work, ACME, groups)
    assert ring_all(bench, rules) == ["rest"]


def test_a_turn_of_a_group_that_is_not_there_is_taken_away(bench: Bench) -> None:
    rules = alerting()
    post(bench, rules, alert(bench))
    with bench.store.write() as work:
        rows = work.of(ACME)
        (group,) = rows.groups.page()
        ring_groups(rows, ["gone"], Rules(alerting=rules), now_ms=bench.clock.now_ms())
        assert work.queue.next_due("group") == group.next_ms
        ring_groups(rows, [group.id], Rules(alerting=rules), now_ms=group.next_ms - 1)
        assert work.queue.next_due("group") == group.next_ms, "before its time it is left alone"
