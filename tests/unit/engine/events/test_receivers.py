"""No receiver is asked more often than it bears, and a page finds another way past a dead one."""

from typing import Any

import pytest
from pydantic import PrivateAttr

from auscult.engine.events.claims import take_up
from auscult.engine.events.perform import perform
from auscult.engine.events.receivers import FAILURES_MAX, PROBE_MS, Receivers
from auscult.engine.events.records import settle
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.facts import Acknowledged, Answered, Fact, Resolved
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.words import TenantId
from auscult.notification import Channel, Delivered
from auscult.notification.decide import Route
from auscult.notification.messages import Message
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench, an_effect, found

HTTP: Any = None


class Line(Channel):
    """A receiver that is there or not, and names what it is sent."""

    _error: Exception | None = PrivateAttr(default=None)
    _got: list[Message] = PrivateAttr(default_factory=list)

    @property
    def got(self) -> list[tuple[str, str]]:
        return [(one.kind.value, one.subject) for one in self._got]

    @property
    def messages(self) -> list[Message]:
        return self._got

    def break_down(self, error: Exception | None) -> None:
        self._error = error

    async def send(self, message: Message, *, key: str, at_ms: int, http: Any) -> Delivered:
        if self._error is not None:
            raise self._error
        self._got.append(message)
        return Delivered(kept={"n": str(len(self._got))})


def plan_of(**channels: Channel) -> TenantPlan:
    route = Route(to=("ops",))
    return TenantPlan(ACME, rules=Rules(routes=(route,)), channels=channels)


def outcome(result: Result, at_ms: int = 0) -> Outcome:
    return Outcome(key="k", tenant=ACME, result=result, at_ms=at_ms)


def test_what_must_wait_is_put_off_to_a_place_of_its_own() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(per_minute=2))
    for at_ms in (0, 10_000):
        assert receivers.wait_ms(an_effect(), plan, at_ms) == 0
    waits = [receivers.wait_ms(an_effect(), plan, 20_000) for _ in range(5)]
    assert waits == [40_000, 50_000, 100_000, 110_000, 160_000]
    assert receivers.wait_ms(an_effect(), plan, 60_000) == 0
    assert receivers.wait_ms(an_effect(), plan, 70_000) == 0
    much = [receivers.wait_ms(an_effect(), plan, 70_000) for _ in range(100)]
    assert max(much) <= 11 * 60_000, "no place is kept for longer than that"


def test_a_receiver_is_asked_so_often_in_a_minute_and_no_more() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(per_minute=3), two=Line(per_minute=3))
    waits = [receivers.wait_ms(an_effect(), plan, at_ms) for at_ms in (0, 10_000, 20_000)]
    assert waits == [0, 0, 0]
    assert receivers.wait_ms(an_effect(), plan, 30_000) == 30_000
    assert receivers.wait_ms(an_effect(to="two"), plan, 30_000) == 0, "each for itself"
    other = an_effect(tenant=TenantId("other"))
    assert receivers.wait_ms(other, plan, 30_000) == 0
    assert receivers.wait_ms(an_effect(kind=EffectKind.ACT), plan, 30_000) == 0
    assert receivers.wait_ms(an_effect(), plan, 60_000) == 0
    assert receivers.wait_ms(an_effect(), plan, 60_001) == 9_999
    assert receivers.wait_ms(an_effect(), plan, -500_000) == 0, "a clock may be set back"


def test_after_some_failures_in_a_row_pages_go_another_way_and_one_tries() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    for number in range(FAILURES_MAX):
        attempt = receivers.choose(an_effect(), plan, number)
        assert not attempt.is_diverted
        receivers.learn(attempt, outcome(Result.RETRY, at_ms=number))
    diverted = receivers.choose(an_effect(), plan, 10)
    assert (diverted.effect.to, diverted.asked.to) == ("mail", "ops")
    assert diverted.effect.payload["text"].startswith("Told here because ops failed 3 times in a")
    probe = receivers.choose(an_effect(), plan, FAILURES_MAX - 1 + PROBE_MS)
    assert not probe.is_diverted
    assert receivers.choose(an_effect(), plan, FAILURES_MAX + PROBE_MS).is_diverted
    receivers.learn(probe, outcome(Result.DONE))
    assert not receivers.choose(an_effect(), plan, FAILURES_MAX + PROBE_MS).is_diverted


def test_one_success_forgets_what_failed_before() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    for result in [*[Result.RETRY] * (FAILURES_MAX - 1), Result.DONE, Result.REFUSED]:
        receivers.learn(receivers.choose(an_effect(), plan, 0), outcome(result))
    assert not receivers.choose(an_effect(), plan, 0).is_diverted


def busy(at_ms: int, retry_after_ms: int | None = None) -> Outcome:
    told = {"retry_after_ms": retry_after_ms, "is_busy": True}
    return outcome(Result.RETRY, at_ms=at_ms).model_copy(update=told)


def test_a_receiver_that_was_asked_too_often_is_left_alone_by_all_of_its_messages() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(per_minute=60), two=Line(per_minute=60))
    attempt = receivers.choose(an_effect(), plan, 0)
    assert receivers.wait_ms(an_effect(), plan, 0) == 0
    receivers.learn(attempt, busy(100, 60_000))
    assert receivers.is_full(an_effect(), plan, 100)
    waits = [receivers.wait_ms(an_effect(), plan, 100) for _ in range(3)]
    assert waits == [60_000, 61_000, 62_000], "each with a turn of its own"
    assert receivers.wait_ms(an_effect(to="two"), plan, 100) == 0, "the others are asked"
    assert receivers.wait_ms(an_effect(), plan, 60_100) == 0
    assert receivers.wait_ms(an_effect(), plan, 60_200) > 0, "one at a time, until one succeeds"
    receivers.learn(attempt, outcome(Result.DONE, at_ms=60_300))
    assert receivers.wait_ms(an_effect(), plan, 60_300) == 0
    assert receivers.wait_ms(an_effect(), plan, 60_300) == 0


def test_what_was_in_flight_does_not_open_what_is_to_be_left_alone() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line())
    attempt = receivers.choose(an_effect(), plan, 0)
    receivers.learn(attempt, busy(100, 60_000))
    receivers.learn(attempt, outcome(Result.DONE, at_ms=200))
    receivers.learn(attempt, busy(300, 1_000))
    assert receivers.wait_ms(an_effect(), plan, 300) == 59_800


def test_one_that_does_not_say_for_how_long_is_left_alone_longer_and_longer() -> None:
    receivers, plan, now_ms, waits = Receivers(), plan_of(ops=Line()), 0, []
    attempt = receivers.choose(an_effect(), plan, 0)
    for _ in range(9):
        receivers.learn(attempt, busy(now_ms))
        waits.append(receivers.wait_ms(an_effect(), plan, now_ms))
        now_ms += 100_000
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]


def test_being_asked_too_often_is_no_failure_but_a_page_does_not_wait_for_long() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    attempt = receivers.choose(an_effect(), plan, 0)
    for _ in range(2 * FAILURES_MAX):
        receivers.learn(attempt, busy(0, 30_000))
    assert not receivers.choose(an_effect(), plan, 1).is_diverted
    receivers.learn(attempt, busy(0, 3_600_000))
    diverted = receivers.choose(an_effect(), plan, 1)
    assert diverted.effect.to == "mail"
    said = "Told here because ops asks to be left alone for 59 min"
    assert diverted.effect.payload["text"].startswith(said)
    assert not receivers.is_full(an_effect(), plan, 1), "another one stands in"
    over = an_effect(payload=an_effect().payload | {"kind": "resolved"})
    assert not receivers.choose(over, plan, 1).is_diverted
    assert receivers.wait_ms(over, plan, 1) == 3_599_999


def test_one_that_is_down_and_says_until_when_is_left_alone_and_has_failed() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    attempt = receivers.choose(an_effect(), plan, 0)
    down = outcome(Result.RETRY, at_ms=0).model_copy(update={"retry_after_ms": 20_000})
    for _ in range(FAILURES_MAX):
        assert not receivers.choose(an_effect(), plan, 1).is_diverted
        receivers.learn(attempt, down)
    assert receivers.choose(an_effect(), plan, 1).is_diverted


@pytest.mark.parametrize("kind", [ChangeKind.ACKNOWLEDGED, ChangeKind.RESOLVED])
def test_what_follows_a_page_waits_for_its_own_channel(kind: ChangeKind) -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    for _ in range(FAILURES_MAX):
        receivers.learn(receivers.choose(an_effect(), plan, 0), outcome(Result.RETRY))
    later = an_effect(payload=an_effect().payload | {"kind": kind.value})
    assert not receivers.choose(later, plan, 1).is_diverted


def test_where_both_are_out_its_own_channel_is_tried() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    for _ in range(2 * FAILURES_MAX):
        receivers.learn(receivers.choose(an_effect(), plan, 0), outcome(Result.RETRY))
    assert not receivers.choose(an_effect(), plan, 1).is_diverted


def test_what_the_stand_in_says_is_no_word_of_the_channel() -> None:
    receivers, plan = Receivers(), plan_of(ops=Line(fallback="mail"), mail=Line())
    for _ in range(FAILURES_MAX):
        receivers.learn(receivers.choose(an_effect(), plan, 0), outcome(Result.RETRY))
    attempt = receivers.choose(an_effect(), plan, 1)
    refused = outcome(Result.REFUSED).model_copy(update={"reason": "no such mailbox"})
    told = receivers.learn(attempt, refused)
    assert told.result is Result.RETRY, "its own channel may come back"
    assert told.reason == "not sent by mail instead either: no such mailbox"
    partly = Outcome(
        key="k", tenant=ACME, result=Result.RETRY, at_ms=0, data={"so_far": {"left": ["b"]}}
    )
    assert receivers.learn(attempt, partly).data == {}


class Life:
    """The event path of one tenant whose receivers break, driven by hand."""

    def __init__(self, bench: Bench, **channels: Channel) -> None:
        self.bench, self.receivers = bench, Receivers()
        self.plan = plan_of(**channels)
        self.plans = Plans({ACME: self.plan})

    def take(self, fact: Fact) -> str:
        self.bench.clock.advance(ms=1)
        with self.bench.store.write() as work:
            settled = settle(work, fact, self.plans, clock=self.bench.clock)
        return settled.incident.id if settled.incident else ""

    async def go_on(self, turns: int) -> None:
        clock = self.bench.clock
        for _ in range(turns):
            clock.advance(s=20)
            with self.bench.store.write() as work:
                claims = work.queue.claim(
                    "effect", owner="me", now_ms=clock.now_ms(), room=Room(4, 4), lease_ms=1_000
                )
            for claim in claims:
                with self.bench.store.write() as work:
                    effect = take_up(work, claim, now_ms=clock.now_ms())
                if effect is not None:
                    await self.attempt(effect)

    async def attempt(self, effect: Effect) -> None:
        clock = self.bench.clock
        attempt = self.receivers.choose(effect, self.plan, clock.now_ms())
        ended = await perform(attempt.effect, self.plans, http=HTTP, clock=clock)
        self.take(Answered(outcome=self.receivers.learn(attempt, ended)))

    def lines(self, incident: str) -> list[str]:
        with self.bench.store.read() as work:
            return [row.detail["sentence"] for row in work.of(ACME).audit.of(incident, 100)]


@pytest.mark.parametrize("error", [ReceiverUnavailable("busy"), ReceiverRefused("revoked")])
async def test_a_page_past_a_dead_receiver_and_how_it_goes_on(
    bench: Bench, error: Exception
) -> None:
    ops, mail = Line(fallback="mail"), Line()
    life = Life(bench, ops=ops, mail=mail)
    ops.break_down(error)
    incident = life.take(found())
    await life.go_on(FAILURES_MAX + 2)
    assert [kind for kind, _ in mail.got] == ["opened"]
    assert mail.messages[0].text.startswith("Told here because ops failed")
    said = [line for line in life.lines(incident) if "sent by mail instead" in line]
    assert len(said) == 1
    ops.break_down(None)
    life.take(Acknowledged(tenant=ACME, incident=incident, by="ana"))
    life.take(Resolved(tenant=ACME, incident=incident, by="ana"))
    await life.go_on(4)
    title = mail.messages[0].title
    assert mail.got[1:] == [("acknowledged", title), ("resolved", title)], "who was woken hears on"
    assert [kind for kind, _ in ops.got] == ["acknowledged", "resolved"]
    assert mail.messages[1].kept == {"n": "1"}, "it knows the page it sent"
    assert ops.messages[0].kept == {}


async def test_without_a_fallback_a_refusal_is_final(bench: Bench) -> None:
    ops = Line()
    life = Life(bench, ops=ops, mail=Line())
    ops.break_down(ReceiverRefused("revoked"))
    incident = life.take(found())
    await life.go_on(3)
    assert sum("given up" in line for line in life.lines(incident)) == 1


async def test_without_a_fallback_it_is_tried_until_it_is_done(bench: Bench) -> None:
    ops = Line()
    life = Life(bench, ops=ops, mail=Line())
    ops.break_down(ReceiverUnavailable("busy"))
    life.take(found())
    await life.go_on(10)
    ops.break_down(None)
    await life.go_on(20)
    assert [kind for kind, _ in ops.got] == ["opened"]


def of_severity(severity: str, **changed: Any) -> Effect:
    return an_effect(payload=an_effect().payload | {"severity": severity}, **changed)


def test_a_critical_page_waits_behind_no_lesser_one() -> None:
    critical, lesser = of_severity("critical"), of_severity("warning")
    receivers, plan = Receivers(), plan_of(ops=Line(per_minute=5))
    waits = [receivers.wait_ms(lesser, plan, number) for number in range(10)]
    assert [wait == 0 for wait in waits] == [True] * 4 + [False] * 6, "one place is kept"
    assert not receivers.is_full(critical, plan, 10)
    assert receivers.wait_ms(critical, plan, 10) == 0
    assert receivers.wait_ms(critical, plan, 11) == 60_000 - 11, "in the first place of all"
    assert receivers.is_full(lesser, plan, 60_000), "what was critical counts as well"
    assert receivers.wait_ms(lesser, plan, 60_001) == 0


def test_a_critical_page_goes_to_the_fallback_rather_than_wait() -> None:
    critical, lesser = of_severity("critical"), of_severity("warning")
    receivers, plan = Receivers(), plan_of(ops=Line(per_minute=1, fallback="mail"), mail=Line())
    assert receivers.wait_ms(critical, plan, 0) == 0
    assert not receivers.is_full(critical, plan, 1)
    diverted = receivers.choose(critical, plan, 1)
    assert diverted.effect.to == "mail"
    assert "may not be asked more often this minute" in diverted.effect.payload["text"]
    assert receivers.is_full(lesser, plan, 1), "a lesser one waits"
    assert not receivers.choose(lesser, plan, 1).is_diverted
    assert not receivers.choose(critical, plan, 60_001).is_diverted


def test_a_critical_page_waits_where_the_fallback_is_full_too() -> None:
    critical = of_severity("critical")
    lines = {"ops": Line(per_minute=1, fallback="mail"), "mail": Line(per_minute=1)}
    receivers, plan = Receivers(), plan_of(**lines)
    assert receivers.wait_ms(critical, plan, 0) == 0
    assert receivers.wait_ms(of_severity("critical", to="mail"), plan, 0) == 0
    assert not receivers.choose(critical, plan, 1).is_diverted
    assert receivers.wait_ms(critical, plan, 1) == 60_000 - 1
