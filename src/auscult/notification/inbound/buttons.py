"""What a button on a message asks for."""

from pydantic import Field

from auscult.kernel.errors import BodyMalformed
from auscult.kernel.facts import FOR_MAX_MS, Acknowledged, Asked, Escalated, Silenced
from auscult.kernel.words import TenantId, Word
from auscult.notification.inbound.received import is_incident

SILENCE_MS = 3_600_000
SILENCE_GROUP = "silence_group"

GROUP_CHARS = 32
"""So much of a group's id tells it from all others; a button of Telegram holds no more than 64."""


class GroupSilenced(Word):
    """A person wants to hear nothing for a while of alerts like those of a group.

    `group` is the beginning of its id, `GROUP_CHARS` long.
    """

    tenant: TenantId
    group: str = Field(min_length=GROUP_CHARS, max_length=GROUP_CHARS)
    by: str = Field(max_length=200)
    for_ms: int = Field(gt=0, le=FOR_MAX_MS)


Wished = Asked | GroupSilenced
"""What can be asked for by a button."""


def pressed(name: str, about: object, *, tenant: TenantId, by: str) -> Wished:
    """Return what the button of this name asks for; raises `BodyMalformed` for an unknown one."""
    if not is_incident(about):
        raise BodyMalformed("the button names no incident")
    if name == "acknowledge":
        return Acknowledged(tenant=tenant, incident=about, by=by)
    if name == "silence":
        return Silenced(tenant=tenant, incident=about, by=by, for_ms=SILENCE_MS)
    if name == "escalate":
        return Escalated(tenant=tenant, incident=about, by=by)
    if name == SILENCE_GROUP and len(about) == GROUP_CHARS:
        return GroupSilenced(tenant=tenant, group=about, by=by, for_ms=SILENCE_MS)
    raise BodyMalformed("this button is none of ours")
