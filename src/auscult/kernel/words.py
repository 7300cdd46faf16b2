"""The smallest words: who owns a thing, how bad it is, and what it is about."""

from enum import StrEnum
from typing import NewType

from pydantic import BaseModel, ConfigDict

TenantId = NewType("TenantId", str)
"""A tenant's name. Minted only where a credential was checked, from configuration,
or from a claimed row; never from a path, a header or a label."""

PLATFORM = TenantId("platform")
"""The tenant that runs the platform itself and owns what concerns several tenants."""

Labels = tuple[tuple[str, str], ...]
"""A label set: (name, value) pairs sorted by name, without empty values."""

SERVICE_LABELS = ("service", "service_name", "stage", "app", "job")
"""Labels that name what a series is about, the most specific convention first."""


class Word(BaseModel):
    """A frozen value that can be stored as JSON and read back unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """How bad it is for a listener; the order is `rank`, the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst, so that sorting ascending puts the worst first."""
        return list(Severity).index(self)


class Subject(Word):
    """What a finding is about: a service, and one instance of it where that is known."""

    service: str
    instance: str = ""

    def __str__(self) -> str:
        """Return `service` or `service (instance)`, as a sentence would say it."""
        return f"{self.service} ({self.instance})" if self.instance else self.service


def subject_of(labels: Labels) -> Subject:
    """Return the subject a label set speaks of, by `SERVICE_LABELS`; `unknown` where none does."""
    named = dict(labels)
    service = next((named[name] for name in SERVICE_LABELS if named.get(name)), "unknown")
    return Subject(service=service, instance=named.get("instance", ""))


def worst(severities: list[Severity]) -> Severity:
    """Return the worst of the given severities; `info` for none."""
    return min(severities, key=lambda severity: severity.rank, default=Severity.INFO)
