"""What people press in Slack (Slack, "Handling user interaction": `block_actions`)."""

from urllib.parse import parse_qs

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.facts import Asked
from auscult.notification.inbound.buttons import pressed
from auscult.notification.inbound.received import (
    Received,
    person,
    read_in,
    read_object,
    said_by,
)
from auscult.notification.inbound.signatures import check_slack

ACTIONS_MAX = 10


def read_slack(received: Received, secret: str) -> tuple[Asked, ...]:
    """Return what a signed request asks for; raises as `Channel.receive` does."""
    check_slack(received, secret)
    try:
        form = parse_qs(received.body.decode(), max_num_fields=5, strict_parsing=True)
    except ValueError:
        raise BodyMalformed("this is no form of Slack's") from None
    said = read_object(form.get("payload", [""])[0])
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
