"""What people press in Slack (Slack, "Handling user interaction": `block_actions`)."""

from typing import Any
from urllib.parse import parse_qs

from auscult.kernel.errors import BodyMalformed
from auscult.notification.inbound.buttons import Wished, pressed
from auscult.notification.inbound.received import (
    Received,
    person,
    read_in,
    read_object,
    said_by,
)
from auscult.notification.inbound.signatures import check_slack
from auscult.notification.messages.plain import web_link

ACTIONS_MAX = 10


def read_slack(received: Received, secret: str) -> tuple[Wished, ...]:
    """Return what a signed request asks for; raises as `Channel.receive` does."""
    check_slack(received, secret)
    said = _payload(received)
    if said.get("type") != "block_actions":
        return ()
    user, actions = said.get("user"), said.get("actions")
    if not isinstance(actions, list) or len(actions) > ACTIONS_MAX:
        raise BodyMalformed("actions are missing")
    names = (read_in(user, "username"), read_in(user, "name"), read_in(user, "id"))
    by = said_by(person(*names), "Slack")
    return tuple(
        pressed(
            str(read_in(one, "action_id")), read_in(one, "value"), tenant=received.tenant, by=by
        )
        for one in actions
    )


def answer_url(received: Received) -> str:
    """Return where who pressed is told something, by a request whose signature was checked."""
    url = _payload(received).get("response_url")
    return web_link(url) if isinstance(url, str) else ""


def _payload(received: Received) -> dict[str, Any]:
    try:
        form = parse_qs(received.body.decode(), max_num_fields=5, strict_parsing=True)
    except ValueError:
        raise BodyMalformed("this is no form of Slack's") from None
    return read_object(form.get("payload", [""])[0])
