"""Who mutes alerts now: silences, and other alerts that inhibit, read once for many groups."""

from typing import TYPE_CHECKING

from auscult.kernel.alerts import Alert
from auscult.kernel.words import Labels
from auscult.notification.decide.alerts import Alerting, Muting, inhibited_by

if TYPE_CHECKING:
    from auscult.store import TenantRows


def muting_now(rows: "TenantRows", alerting: Alerting, now_ms: int) -> Muting:
    """Return who mutes alerts now; silences, and what lies under a key, are read once for all."""
    silences = rows.silences.ending_after(now_ms)
    known: dict[str, list[Alert]] = {}
    sources: dict[str, Alert] = {}
    words: dict[str, str] = {}

    def silenced_by(labels: Labels) -> str | None:
        for one in silences:
            if one.mutes(labels, now_ms):
                by = f"{one.created_by or 'nobody'}: {one.comment}"
                words[one.id] = f"silence {one.id} of {by}"
                return one.id
        return None

    def lying(place: str) -> list[Alert]:
        if place not in known:
            known[place] = list(rows.alerts.lying(place, now_ms))
            sources.update((one.fingerprint, one) for one in known[place])
        return known[place]

    def inhibited(labels: Labels) -> str | None:
        return inhibited_by(alerting.inhibit_rules, labels, lying, now_ms=now_ms)

    def named(by: str) -> str:
        said = ", ".join(f'{name}="{value}"' for name, value in labels_of(by))
        return words.get(by) or said or by

    def labels_of(by: str) -> Labels:
        return sources[by].labels if by in sources else ()

    def is_now(name: str) -> bool:
        return alerting.is_now(name, now_ms)

    return Muting(silenced_by, inhibited, is_now, named, labels_of)
