"""A runbook: what may be done about which findings, and within which bounds."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from auscult.kernel.errors import PreconditionFailed, SettingError
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident, Signal
from auscult.kernel.matchers import Matcher, matches_all, read_matchers
from auscult.kernel.words import Word
from auscult.remediation.decide.templates import check_template, fill


class ActionName(BaseModel):
    """Which action of the shelf a runbook takes; its own settings are read by the action."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    use: str


class Runbook(Word):
    """What may be done about a finding, and the contract it must keep.

    `match` is over `service`, `instance`, `signal`, `seen_by`, `severity` and the evidence's
    labels. `target` names what is repaired: two runs never touch one target at once, and what
    stands before its first `/` is its group (`{service}/{instance}`: the instances of a service).

    max_per_hour: repairs by this runbook; target_max_per_hour: of one target, by any runbook;
    tenant_max_per_hour: of everything. blast_radius: targets under repair at once;
    group_blast_radius: of one group. cooldown_s: rest of a target after a repair, and the least
    time between two runs for the same incident. max_failures: after so many failed repairs in a
    row within an hour a target is left to people. wait_s: how long a run may wait for its turn.
    verify_within_s: when the repair must have proved itself, by the action and by the detector.
    """

    name: str = Field(min_length=1, max_length=100)
    match: Annotated[tuple[Matcher, ...], BeforeValidator(read_matchers)] = Field(
        min_length=1, max_length=50
    )
    action: ActionName
    target: str = Field(default="{service}", min_length=1, max_length=200)
    max_per_hour: int = Field(default=6, ge=1, le=100)
    target_max_per_hour: int = Field(default=6, ge=1, le=100)
    tenant_max_per_hour: int = Field(default=30, ge=1, le=400)
    blast_radius: int = Field(default=1, ge=1, le=100)
    group_blast_radius: int = Field(default=1, ge=1, le=100)
    cooldown_s: float = Field(default=60, ge=1, le=3_600)
    max_failures: int = Field(default=3, ge=1, le=20)
    wait_s: float = Field(default=120, ge=10, le=1_800)
    verify_within_s: float = Field(default=30, ge=1, le=600)
    enabled: bool = True

    @field_validator("target")
    @classmethod
    def _known_placeholders(cls, target: str) -> str:
        try:
            return check_template(target)
        except SettingError as why:
            raise ValueError(str(why)) from None

    def fitting(self, incident: Incident) -> list[tuple[str, Signal]]:
        """Return (target, signal) for each signal that matches, the worst first.

        A signal from which no target can be named (a missing or unsafe label) is left out.
        """
        order = sorted(incident.signals, key=lambda one: (one.severity.rank, one.first_ms))
        found = []
        for signal in order:
            if not matches_all(self.match, incident.labels_of(signal)):
                continue
            try:
                found.append((fill(self.target, values_of(incident, signal)), signal))
            except PreconditionFailed:
                continue
        return found

    def firing(self, incident: Incident, target: str) -> Signal | None:
        """Return the worst signal about a target that is still firing; None when all cleared."""
        return next(
            (
                signal
                for named, signal in self.fitting(incident)
                if named == target and signal.phase is Phase.FIRING
            ),
            None,
        )


def values_of(incident: Incident, signal: Signal) -> dict[str, str]:
    """Return what templates may say about a signal; `label.x` for each of its labels."""
    labels = dict(incident.labels_of(signal))
    own = {name: labels.get(name, "") for name in ("service", "instance", "seen_by", "severity")}
    own |= {"signal": signal.signal, "incident": incident.id, "tenant": str(incident.tenant)}
    return own | {f"label.{name}": value for name, value in labels.items()}
