"""The look ahead: what is wrong with being on call becomes findings, which end when it is mended.

What fires is asked of the store, so that a restart, a reload and another replica end it as well.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.notification.messages.plain import cut
from auscult.notification.oncall.outlook import Trouble

if TYPE_CHECKING:
    from auscult.kernel.incidents import Incident, Signal

SEEN_BY = "oncall"
SERVICE = "oncall"
SENTENCE_CHARS = 300
INCIDENTS_MAX = 500


class Watch:
    """Remembers what was said of each tenant since the start, so that nothing is said twice."""

    def __init__(self) -> None:
        """Begin with nothing said: after a start all that is wrong is said anew."""
        self._said: dict[TenantId, dict[str, Severity]] = {}

    def compare(
        self,
        tenant: TenantId,
        troubles: Iterable[Trouble],
        incidents: "Iterable[Incident]",
        *,
        now_ms: int,
    ) -> list[Finding]:
        """Return what is new or more severe than it was said, and what is mended.

        `incidents` are those of the tenant that are not over.
        """
        said = self._said.setdefault(tenant, {})
        found = [_finding(tenant, one, now_ms) for one in troubles]
        new = [one for one in found if said.get(one.fingerprint) is not one.severity]
        wrong = {one.fingerprint: one.severity for one in found}
        firing = [
            signal
            for incident in incidents
            for signal in incident.signals
            if signal.seen_by == SEEN_BY and signal.phase is Phase.FIRING
        ]
        mended = [_end(tenant, one, now_ms) for one in firing if one.fingerprint not in wrong]
        self._said[tenant] = wrong
        return new + mended


def _finding(tenant: TenantId, trouble: Trouble, now_ms: int) -> Finding:
    place = f"{trouble.kind}\n{trouble.schedule}\n{trouble.layer}"
    return Finding(
        tenant=tenant,
        fingerprint=sha256(f"{SEEN_BY}\n{place}".encode()).hexdigest()[:32],
        subject=Subject(service=SERVICE, instance=trouble.schedule),
        signal=f"oncall {trouble.kind}",
        seen_by=SEEN_BY,
        at_ms=now_ms,
        severity=trouble.severity,
        evidence=Evidence(sentence=cut(trouble.sentence, SENTENCE_CHARS)),
    )


def _end(tenant: TenantId, signal: "Signal", now_ms: int) -> Finding:
    return Finding(
        tenant=tenant,
        fingerprint=signal.fingerprint,
        subject=signal.subject,
        signal=signal.signal,
        seen_by=SEEN_BY,
        at_ms=now_ms,
        phase=Phase.CLEARED,
        severity=signal.severity,
        evidence=Evidence(sentence=cut(f"Mended: {signal.sentence}", SENTENCE_CHARS)),
    )
