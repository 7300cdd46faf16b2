"""A remediation run: what was planned, tried and proved, as a state machine in the store."""

from enum import StrEnum
from typing import Any

from auscult.kernel.words import TenantId, Word


class RunState(StrEnum):
    """Where a run stands; the last five are ends."""

    PLANNING = "planning"
    APPLYING = "applying"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    HEALED = "healed"
    PLANNED = "planned"
    REFUSED = "refused"
    UNDONE = "undone"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return self in _ENDS


_ENDS = frozenset(
    {RunState.HEALED, RunState.PLANNED, RunState.REFUSED, RunState.UNDONE, RunState.FAILED}
)


class Plan(Word):
    """What an action would do, said before it is done.

    `sentence` is for people; `precondition` says what was seen that makes it right;
    `undo` says how it is taken back, empty where nothing can be (and nothing needs to be).
    """

    target: str
    sentence: str
    precondition: str
    undo: str = ""
    facts: dict[str, Any] = {}


class Run(Word):
    """One attempt to heal one incident by one runbook."""

    id: str
    tenant: TenantId
    incident: str
    runbook: str
    action: str
    target: str
    state: RunState
    plan: Plan | None = None
    reason: str = ""
    started_ms: int
    updated_ms: int
    deadline_ms: int
    ended_ms: int | None = None
    verifications: int = 0
