"""What a button on a message asks for."""

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.facts import Acknowledged, Asked, Escalated, Silenced
from auscult.kernel.words import TenantId
from auscult.notification.inbound.received import is_incident

SILENCE_MS = 3_600_000


def pressed(name: str, incident: object, *, tenant: TenantId, by: str) -> Asked:
    """Return what the button of this name asks for; raises `BodyMalformed` for an unknown one."""
    if not is_incident(incident):
        raise BodyMalformed("the button names no incident")
    if name == "acknowledge":
        return Acknowledged(tenant=tenant, incident=incident, by=by)
    if name == "silence":
        return Silenced(tenant=tenant, incident=incident, by=by, for_ms=SILENCE_MS)
    if name == "escalate":
        return Escalated(tenant=tenant, incident=incident, by=by)
    raise BodyMalformed("this button is none of ours")
