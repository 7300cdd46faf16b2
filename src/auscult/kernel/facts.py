"""Facts: everything the event path takes in. Each is durable before anyone is told "accepted"."""

from typing import Literal

from pydantic import Field

from auscult.kernel.effects import Outcome
from auscult.kernel.findings import Finding
from auscult.kernel.times import DAY_MS
from auscult.kernel.words import TenantId, Word

FOR_MAX_MS = 30 * DAY_MS
"""For so long a person can have an incident, or want to hear nothing of it, by one word."""


class Found(Word):
    """An observer reports a finding, firing or cleared."""

    fact: Literal["found"] = "found"
    finding: Finding

    @property
    def tenant(self) -> TenantId:
        """The tenant the finding belongs to."""
        return self.finding.tenant


class Acknowledged(Word):
    """A person takes an incident, for `for_ms` or until it is over."""

    fact: Literal["acknowledged"] = "acknowledged"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)
    for_ms: int | None = Field(default=None, gt=0, le=FOR_MAX_MS)


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
    """A person wants to hear nothing of an incident for a while: they have it until then."""

    fact: Literal["silenced"] = "silenced"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)
    for_ms: int = Field(gt=0, le=FOR_MAX_MS)


class Escalated(Word):
    """A person wants the next step of the policy to be taken now."""

    fact: Literal["escalated"] = "escalated"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)


class Reassigned(Word):
    """A person hands an incident to others, written as a policy's target (`person:ada`)."""

    fact: Literal["reassigned"] = "reassigned"
    tenant: TenantId
    incident: str
    by: str = Field(max_length=200)
    to: str = Field(max_length=250)


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


Asked = Acknowledged | Released | Resolved | Silenced | Escalated | Reassigned
"""What a person can ask for about an incident, from wherever: each has `tenant`, `incident`, `by`.
"""

Fact = Found | Asked | Answered | Rang
