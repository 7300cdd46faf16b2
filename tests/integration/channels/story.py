"""The life of an incident, told to a channel as the engine does: what it keeps comes back."""

from dataclasses import dataclass, field
from typing import Any

from auscult.kernel.incidents import ChangeKind, Status
from auscult.kernel.words import Severity
from auscult.notification import CHANNELS, Delivered
from auscult.notification.messages import Message, render
from auscult.runtime.outbound import open_http
from tests.receiver import LOOPBACK
from tests.story import AT_MS, a_change, an_incident

LIFE = (ChangeKind.OPENED, ChangeKind.WORSENED, ChangeKind.ACKNOWLEDGED, ChangeKind.RESOLVED)
STATUS = {
    ChangeKind.ACKNOWLEDGED: Status.ACKNOWLEDGED,
    ChangeKind.RESOLVED: Status.RESOLVED,
}


def message(kind: ChangeKind, **changed: Any) -> Message:
    """Return what is said at one step."""
    status = STATUS.get(kind, Status.OPEN)
    by = {"acknowledged_by": "ana"} if status is Status.ACKNOWLEDGED else {}
    incident = an_incident(status=status, severity=Severity.CRITICAL, **by)
    said = render(incident, a_change(kind, actor="ana"), base_url="https://h.example")
    return said.model_copy(update=changed)


@dataclass(slots=True)
class Telling:
    """One channel, and what it has kept about one incident."""

    use: str
    settings: dict[str, Any]
    kept: dict[str, str] = field(default_factory=dict)

    async def tell(self, kind: ChangeKind, **changed: Any) -> Delivered:
        """Say one step; raises what the channel raises."""
        channel = CHANNELS.make(self.use, self.settings)
        payload = message(kind, **changed).model_dump(mode="json") | {"kept": self.kept}
        async with open_http(LOOPBACK) as http:
            told = await channel.deliver(payload, key=f"i:{kind}", at_ms=AT_MS, http=http)
        self.kept = {**self.kept, **told.kept}
        return told
