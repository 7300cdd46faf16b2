"""What a channel learns of a message comes back with the next one, over a death too."""

from typing import Any

from pydantic import PrivateAttr

from auscult.engine.events.claims import take_up
from auscult.engine.events.perform import perform
from auscult.engine.events.records import settle
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.facts import Answered
from auscult.notification import Channel, Delivered
from auscult.notification.messages import Message
from auscult.store import Store
from auscult.store.queue import Room
from tests.unit.engine.bench import ACME, Bench, an_effect

ROOM = Room(free=4, each=4)
LEASE_MS = 1_000
HTTP: Any = None
FIRST, SECOND, THIRD = "i1:opened:1:ops", "i1:worsened:1:ops", "i1:resolved:1:ops"


class Chat(Channel):
    """A receiver that names every message it takes, and is told what is known of earlier ones."""

    _told: list[tuple[str, dict[str, str]]] = PrivateAttr(default_factory=list)

    @property
    def told(self) -> list[tuple[str, dict[str, str]]]:
        return self._told

    async def send(self, message: Message, *, key: str, at_ms: int, http: Any) -> Delivered:
        self._told.append((key, dict(message.kept)))
        name = "first" if not message.kept else "last"
        return Delivered(kept={name: f"ts-{len(self._told)}"})


async def turn(bench: Bench, store: Store, plans: Plans, *, dies: bool = False) -> None:
    """Attempt what is due; whoever dies does so after the send and before the outcome."""
    with store.write() as work:
        claims = work.queue.claim(
            "effect", owner="me", now_ms=bench.clock.now_ms(), room=ROOM, lease_ms=LEASE_MS
        )
    for claim in claims:
        with store.write() as work:
            effect = take_up(work, claim, now_ms=bench.clock.now_ms())
        if effect is None:
            continue
        outcome = await perform(effect, plans, http=HTTP, clock=bench.clock)
        if not dies:
            with store.write() as work:
                settle(work, Answered(outcome=outcome), plans, clock=bench.clock)


def wish(bench: Bench, key: str, incident: str = "i1", to: str = "ops") -> None:
    due_ms = bench.clock.advance(ms=10_000)
    with bench.store.write() as work:
        effect = an_effect(key=key, incident=incident, to=to, plug=to, due_ms=due_ms)
        work.of(ACME).effects.wish(effect)


async def test_what_was_learnt_outlives_a_death_between_send_and_outcome(bench: Bench) -> None:
    chat = Chat()
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": chat})})
    wish(bench, FIRST)
    await turn(bench, bench.store, plans, dies=True)
    bench.clock.advance(ms=2 * LEASE_MS)
    await turn(bench, bench.store, plans)
    assert chat.told == [(FIRST, {}), (FIRST, {})], "attempts are at least once"
    wish(bench, SECOND)
    await turn(bench, bench.store, plans, dies=True)
    bench.clock.advance(ms=2 * LEASE_MS)
    again = Store.open(f"sqlite:///{bench.folder}/bench.db")  # another life, nothing in memory
    await turn(bench, again, plans)
    assert chat.told[2:] == [(SECOND, {"first": "ts-2"})] * 2, "the same at every attempt"
    wish(bench, THIRD)
    await turn(bench, again, plans)
    assert chat.told[-1] == (THIRD, {"first": "ts-2", "last": "ts-4"})
    again.close()


async def test_no_other_incident_and_no_other_channel_is_told(bench: Bench) -> None:
    chat, other = Chat(), Chat()
    plans = Plans({ACME: TenantPlan(ACME, channels={"ops": chat, "two": other})})
    wish(bench, FIRST)
    await turn(bench, bench.store, plans)
    wish(bench, "i2:opened:1:ops", incident="i2")
    wish(bench, "i1:opened:1:two", to="two")
    for _ in range(2):
        await turn(bench, bench.store, plans)
    assert chat.told[-1] == ("i2:opened:1:ops", {})
    assert other.told == [("i1:opened:1:two", {})]
