"""The buttons of a message: what can be asked for of it now, whatever the receiver calls them."""

from typing import NamedTuple

from auscult.kernel.incidents import Status
from auscult.notification.inbound.buttons import GROUP_CHARS, SILENCE_GROUP
from auscult.notification.messages import Message

SILENCE = "Silence 1 h"
NAMES = {"acknowledge": "Acknowledge", "silence": SILENCE, "escalate": "Escalate"}


class Offer(NamedTuple):
    """One button: what it asks for, what stands on it, and what it is about."""

    action: str
    label: str
    about: str


def offers(message: Message) -> tuple[Offer, ...]:
    """Return the buttons of a message; none where nothing can be asked for.

    Who has an incident need not take it again. A group of alerts that was told without an incident
    can only be silenced, by the labels that its alerts have in common. A test page is of nothing.
    """
    if message.digest or message.status is Status.RESOLVED:
        return ()
    if message.alerts is not None:
        group = message.incident[:GROUP_CHARS]
        return (Offer(SILENCE_GROUP, SILENCE, group),) if message.alerts.common_labels else ()
    if not message.incident.isalnum():
        return ()
    return tuple(
        Offer(name, label, message.incident)
        for name, label in NAMES.items()
        if name != "acknowledge" or message.status is Status.OPEN
    )
