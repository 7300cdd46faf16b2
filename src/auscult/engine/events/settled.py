"""What a committed fact has done, for those who must be woken by it."""

from dataclasses import dataclass

from auscult.kernel.effects import Effect
from auscult.kernel.incidents import Change, Incident
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId


@dataclass(frozen=True, slots=True)
class Settled:
    """What a committed fact has done, for those who must be woken by it.

    `effects` wait in the queue for whoever claims them; `leased` were claimed in this commit, by
    whoever made it.
    """

    tenant: TenantId
    incident: Incident | None = None
    changes: tuple[Change, ...] = ()
    runs: tuple[Run, ...] = ()
    effects: int = 0
    leased: tuple[Effect, ...] = ()
    timers: int = 0
    groups: int = 0
