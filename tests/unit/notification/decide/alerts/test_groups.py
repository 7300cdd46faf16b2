"""When a group is told, of what, and why not."""

from dataclasses import replace

from auscult.kernel.alerts import Alert, Group
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import (
    Branch,
    Flush,
    Muting,
    Node,
    Wanted,
    Why,
    asleep,
    flush,
    grow,
    join,
)

WAIT_MS, INTERVAL_MS, REPEAT_MS = 30_000, 300_000, 3_600_000
CHAT = Wanted("chat")
FAR_MS = 10**12


def tree(**more: object) -> Node:
    return grow(Branch.model_validate({"receiver": "team", "repeat_interval": "1h", **more}))


def alert(name: str = "a", *, starts_ms: int = 0, ends_ms: int = FAR_MS) -> Alert:
    return Alert(name, (("alertname", name),), (), starts_ms, ends_ms, starts_ms)


def begun(node: Node, one: Alert, now_ms: int = 0) -> Group:
    return join(None, one, node, now_ms=now_ms)


def tell(
    group: Group,
    alerts: list[Alert],
    now_ms: int,
    *,
    node: Node | None = None,
    wanted: Wanted = CHAT,
    muting: Muting | None = None,
) -> Flush:
    return flush(
        group,
        alerts,
        node or tree(),
        channels=[wanted],
        muting=muting or Muting(),
        now_ms=now_ms,
    )


def whys(told: Flush) -> list[Why]:
    return [one.why for one in told.reasons]


def test_a_group_waits_tells_once_and_repeats() -> None:
    group = begun(tree(), alert())
    assert group.next_ms == WAIT_MS
    first = tell(group, [alert()], WAIT_MS)
    assert whys(first) == [Why.FIRST]
    assert first.notices[0].status == "firing"
    assert first.group.next_ms == WAIT_MS + INTERVAL_MS
    again = tell(first.group, [alert()], WAIT_MS + INTERVAL_MS)
    assert (again.notices, whys(again)) == ((), [Why.UNCHANGED])
    late = tell(again.group, [alert()], WAIT_MS + REPEAT_MS + 1)
    assert whys(late) == [Why.REPEAT]
    assert [one.group.count for one in (first, again, late)] == [1, 1, 2]


def test_what_comes_late_is_not_late_for_ever() -> None:
    group = begun(tree(), alert())
    assert tell(group, [alert()], WAIT_MS + 5_000).group.next_ms == WAIT_MS + INTERVAL_MS
    much = WAIT_MS + 2 * INTERVAL_MS
    assert tell(group, [alert()], much).group.next_ms == much + INTERVAL_MS


def test_an_alert_whose_own_wait_is_over_hurries_a_group_that_told_nobody() -> None:
    old = alert(starts_ms=-WAIT_MS - 1)
    assert begun(tree(), old, now_ms=7).next_ms == 7
    group = begun(tree(), alert(starts_ms=100), now_ms=100)
    assert join(group, alert("b", starts_ms=-WAIT_MS), tree(), now_ms=200).next_ms == 200
    told = tell(group, [alert()], WAIT_MS).group
    assert join(told, alert("b", starts_ms=-WAIT_MS), tree(), now_ms=WAIT_MS + 1) == told


def test_new_ones_resolved_ones_and_the_end_are_told() -> None:
    a, b = alert("a"), alert("b")
    told = tell(begun(tree(), a), [a], WAIT_MS)
    told = tell(told.group, [a, b], WAIT_MS + 1)
    assert whys(told) == [Why.NEW]
    over = replace(a, ends_ms=WAIT_MS + 2)
    told = tell(told.group, [over, b], WAIT_MS + 3)
    assert whys(told) == [Why.SOME_RESOLVED]
    assert [one.fingerprint for one in told.notices[0].resolved] == ["a"]
    assert told.gone == ("a",)
    end = tell(told.group, [replace(b, ends_ms=WAIT_MS + 4)], WAIT_MS + 5)
    assert whys(end) == [Why.ALL_RESOLVED]
    assert end.notices[0].status == "resolved"
    back = tell(asleep(end.group, 1), [a], WAIT_MS + 6)
    assert whys(back) == [Why.FIRST]


def test_what_resolves_before_anybody_was_told_is_never_told() -> None:
    over = alert(ends_ms=10)
    told = tell(begun(tree(), over), [over], WAIT_MS)
    assert (told.notices, whys(told), told.gone) == ((), [Why.NEVER_TOLD], ("a",))


def test_a_channel_that_wants_no_end_is_told_of_none_and_of_the_next_beginning() -> None:
    quiet = Wanted("chat", send_resolved=False)
    told = tell(begun(tree(), alert()), [alert()], WAIT_MS, wanted=quiet)
    end = tell(told.group, [alert(ends_ms=WAIT_MS + 1)], WAIT_MS + 2, wanted=quiet)
    assert (end.notices, whys(end)) == ((), [Why.RESOLVED_UNWANTED])
    assert whys(tell(end.group, [alert()], WAIT_MS + 3, wanted=quiet)) == [Why.FIRST]


def test_what_is_muted_says_by_whom() -> None:
    def silenced(labels: Labels) -> str | None:
        return "s1" if ("alertname", "a") in labels else None

    def inhibited(labels: Labels) -> str | None:
        return "f9" if ("alertname", "b") in labels else None

    muting = Muting(silenced, inhibited)
    told = tell(begun(tree(), alert()), [alert("a"), alert("b")], WAIT_MS, muting=muting)
    assert {(one.why, one.by) for one in told.reasons} == {
        (Why.SILENCED, "s1"),
        (Why.INHIBITED, "f9"),
    }
    assert told.notices == ()
    assert told.group.told == {}
    after = tell(told.group, [alert("a"), alert("b")], WAIT_MS + INTERVAL_MS)
    assert whys(after) == [Why.FIRST]


def test_times_mute_and_activate_a_route() -> None:
    branch = {"routes": [{"matchers": ['alertname="a"'], "mute_time_intervals": ["night"]}]}
    (mute,) = tree(**branch).children
    branch = {"routes": [{"matchers": ['alertname="a"'], "active_time_intervals": ["day"]}]}
    (active,) = tree(**branch).children
    night = Muting(is_now=lambda name: name == "night")
    group = begun(mute, alert())
    assert whys(tell(group, [alert()], WAIT_MS, node=mute, muting=night)) == [Why.MUTE_TIME]
    assert whys(tell(group, [alert()], WAIT_MS, node=active, muting=night)) == [Why.INACTIVE_TIME]
    assert whys(tell(group, [alert()], WAIT_MS, node=mute)) == [Why.FIRST]


def test_alerts_are_shown_by_job_and_instance() -> None:
    def at(job: str, instance: str) -> Alert:
        labels = (("alertname", "x"), ("instance", instance), ("job", job))
        return replace(alert(f"{job}{instance}"), labels=labels)

    shown = [at("b", "1"), at("a", "2"), at("a", "1"), alert("z")]
    told = tell(begun(tree(), alert()), shown, WAIT_MS)
    assert [one.fingerprint for one in told.notices[0].firing] == ["a1", "a2", "b1", "z"]


def test_an_episode_lasts_from_the_first_alert_until_all_are_over() -> None:
    node, since = tree(), []
    group, now_ms = begun(node, alert("a"), 0), WAIT_MS
    ended = alert("a", ends_ms=2 * INTERVAL_MS)
    for alerts in (
        [alert("a")],
        [alert("a"), alert("b")],
        [ended, alert("b")],
        [alert("b", ends_ms=2 * INTERVAL_MS)],
        [alert("a")],
    ):
        told = tell(group, alerts, now_ms, node=node)
        group, now_ms = told.group, now_ms + INTERVAL_MS
        since += [(one.why, one.since_ms) for one in told.notices]
    again_ms = WAIT_MS + 4 * INTERVAL_MS
    assert since == [
        (Why.FIRST, WAIT_MS),
        (Why.NEW, WAIT_MS),
        (Why.SOME_RESOLVED, WAIT_MS),
        (Why.ALL_RESOLVED, WAIT_MS),
        (Why.FIRST, again_ms),
    ]
