"""The receivers of the simulated world, and the line to them, which breaks."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auscult.kernel.errors import ReceiverUnavailable
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass(slots=True)
class Receiver:
    """What the world saw: every message that arrived, by key, and what came of it.

    A receiver of keys does each once, which proves nothing about the sender: how often a message
    arrived is counted beside.
    """

    takes_keys: bool
    arrived: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)

    def take(self, key: str) -> None:
        """Do what a message asks for, unless it was done under this key before."""
        self.arrived[key] += 1
        if not (self.takes_keys and key in self.effects):
            self.effects[key] += 1


class Wire(Channel):
    """A channel into the world."""

    to: str

    async def send(self, message: Message, *, key: str, at_ms: int, http: Any) -> Delivered:
        """Hand the message over; the line may break before or after the receiver took it."""
        world: World = http
        del at_ms
        world.point("before send")
        if world.rng.random() < 0.1:
            is_known = world.rng.random() < 0.5
            raise ReceiverUnavailable("the line broke before", reached_nobody=is_known)
        world.receivers[self.to].take(key)
        world.judge.hear(message, self.to, now_ms=world.clock.now_ms())
        world.unanswered = key
        world.point("after send")
        return Delivered()
