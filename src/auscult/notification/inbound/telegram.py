"""What people press in Telegram (Bot API, `Update.callback_query`)."""

from auscult.kernel.errors import BodyMalformed
from auscult.notification.inbound.buttons import Wished, pressed
from auscult.notification.inbound.received import (
    Received,
    person,
    read_in,
    read_object,
    said_by,
)
from auscult.notification.inbound.signatures import check_telegram


def read_telegram(received: Received, secret: str, *, chat: str) -> tuple[Wished, ...]:
    """Return what an update asks for; raises as `Channel.receive` does.

    Updates carry no time of their own, so an old one cannot be told: what is asked for twice is
    done once. A button pressed in another chat asks for nothing.
    """
    check_telegram(received, secret)
    query = read_object(received.body).get("callback_query")
    if query is None:
        return ()
    place = read_in(query, "message", "chat")
    if chat not in {str(read_in(place, "id")), f"@{read_in(place, 'username')}"}:
        return ()
    name, colon, incident = str(read_in(query, "data")).partition(":")
    if not colon:
        raise BodyMalformed("the button names no incident")
    user = read_in(query, "from")
    by = person(read_in(user, "username"), read_in(user, "first_name"))
    asked = pressed(name, incident, tenant=received.tenant, by=said_by(by, "Telegram"))
    return (asked,)


def query_of(received: Received) -> str:
    """Return the name of what was pressed, under which who did it is told something."""
    number = read_in(read_object(received.body), "callback_query", "id")
    return number if isinstance(number, str) else ""
