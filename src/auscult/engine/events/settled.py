"""What a committed fact has done, for those who must be woken by it."""

from dataclasses import dataclass

from auscult.kernel.incidents import Change, Incident
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId


@dataclass(frozen=True, slots=True)
class Settled:
    """What a committed fact has done, for those who must be woken by it."""

    tenant: TenantId
    incident: Incident | None = None
    changes: tuple[Change, ...] = ()
    runs: tuple[Run, ...] = ()
    effects: int = 0
    timers: int = 0
    groups: int = 0
