"""What people do in PagerDuty (Webhooks v3), mapped to our incident by its key."""

from datetime import UTC, datetime

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.facts import Acknowledged, Asked, Released, Resolved
from auscult.kernel.times import DAY_MS
from auscult.notification.inbound.received import (
    Received,
    is_incident,
    person,
    read_in,
    read_object,
    said_by,
)
from auscult.notification.inbound.signatures import check_pagerduty, refuse_old

STAMP_CHARS_MAX = 40
LATE_MS = DAY_MS
MEANS: dict[str, type[Acknowledged | Released | Resolved]] = {
    "incident.acknowledged": Acknowledged,
    "incident.unacknowledged": Released,
    "incident.resolved": Resolved,
}
PEOPLE = "user_reference"
"""Who acted, where it was a person: what auscult itself did there comes back as well."""


def read_pagerduty(received: Received, secret: str) -> tuple[Asked, ...]:
    """Return what a signed event means; raises as `Channel.receive` does.

    The only time signed is that of the event, and PagerDuty delivers for hours what nobody took:
    somebody may have taken the incident while auscult was down. So a replay is taken as well for
    so long; what it asks for was done, and is done once.
    """
    check_pagerduty(received, secret)
    event = read_object(received.body).get("event")
    if not isinstance(event, dict):
        raise BodyMalformed("event is missing")
    refuse_old(_occurred_ms(event.get("occurred_at")), received.at_ms, late_ms=LATE_MS)
    kind = MEANS.get(str(event.get("event_type")))
    agent = event.get("agent")
    if kind is None or read_in(agent, "type") != PEOPLE:
        return ()
    key = read_in(event, "data", "incident_key")
    if not is_incident(key):
        return ()  # another sender's incident in the same service
    by = said_by(person(read_in(agent, "summary"), read_in(agent, "id")), "PagerDuty")
    return (kind(tenant=received.tenant, incident=key, by=by),)


def _occurred_ms(stamp: object) -> int:
    try:
        said = datetime.fromisoformat(str(stamp)[:STAMP_CHARS_MAX])
        return int(said.replace(tzinfo=said.tzinfo or UTC).timestamp() * 1_000)
    except (ValueError, OverflowError):
        raise BodyMalformed("occurred_at is not a time") from None
