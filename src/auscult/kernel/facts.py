"""Facts: everything the event path takes in. Each is durable before anyone is told "accepted"."""

from typing import Literal

from pydantic import Field

from auscult.kernel.effects import Outcome
from auscult.kernel.findings import Finding
from auscult.kernel.words import TenantId, Word


class Found(Word):
    """An observer reports a finding, firing or cleared."""

    fact: Literal["found"] = "found"
    finding: Finding

    @property
    def tenant(self) -> TenantId:
        """The tenant the finding belongs to."""
        return self.finding.tenant


class Acknowledged(Word):
    """A person takes an incident."""

    fact: Literal["acknowledged"] = "acknowledged"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)


class Released(Word):
    """The person who has an incident gives it back: it needs somebody again."""

    fact: Literal["released"] = "released"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)


class Resolved(Word):
    """A person ends an incident."""

    fact: Literal["resolved"] = "resolved"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)


class Silenced(Word):
    """A person wants to hear nothing of an incident for a while."""

    fact: Literal["silenced"] = "silenced"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)
    for_ms: int = Field(gt=0)


class Escalated(Word):
    """A person wants the next one to be called to an incident."""

    fact: Literal["escalated"] = "escalated"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)


class Answered(Word):
    """The world answered an effect."""

    fact: Literal["answered"] = "answered"
    outcome: Outcome

    @property
    def tenant(self) -> TenantId:
        """The tenant whose effect it was."""
        return self.outcome.tenant


class Timer(Word):
    """A wish to be woken: `name` says by whom (`quiet`, `verify`, ...), `about` what for."""

    key: str = Field(max_length=200)
    tenant: TenantId
    name: str
    about: str
    due_ms: int


class Rang(Word):
    """A timer is due; `still_firing` answers the one that asks whether a fault goes on."""

    fact: Literal["rang"] = "rang"
    timer: Timer
    still_firing: bool | None = None

    @property
    def tenant(self) -> TenantId:
        """The tenant whose timer it was."""
        return self.timer.tenant


Fact = Found | Acknowledged | Released | Resolved | Answered | Rang

Asked = Acknowledged | Released | Resolved | Silenced | Escalated
"""What a person can ask for about an incident, from wherever: each has `tenant`, `incident`, `by`.
`Silenced` and `Escalated` are no facts of the event path yet; what asks for them is written down.
"""
