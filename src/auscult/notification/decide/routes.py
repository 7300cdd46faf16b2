"""A route: which incidents are said to which channels, and at which steps of their life."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from auscult.kernel.incidents import ChangeKind, Incident
from auscult.kernel.matchers import Matcher, read_matchers
from auscult.kernel.words import Severity, Word

TELLABLE = (
    ChangeKind.OPENED,
    ChangeKind.WORSENED,
    ChangeKind.RETURNED,
    ChangeKind.ACKNOWLEDGED,
    ChangeKind.RELEASED,
    ChangeKind.RESOLVED,
)
"""What a route may ask for; the other steps stay on the page."""


def _listed(given: Any) -> Any:  # noqa: ANN401  # raw settings
    return (given,) if isinstance(given, str) else given


class Route(Word):
    """Who is told what: `to` these channels, for incidents that match, at the steps `on`.

    A route matches an incident when one of its signals fulfils every matcher (over `service`,
    `instance`, `signal`, `seen_by`, `severity` and the evidence's labels) and the incident's
    severity is listed. Routes are read by `order`, then as written; a channel that several
    matching routes name is told once, as the first of them says. The first route that matches and
    names a `policy` has its people called by that.
    """

    to: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(default=(), max_length=20)
    policy: str = Field(default="", max_length=200)
    match: Annotated[tuple[Matcher, ...], BeforeValidator(read_matchers)] = Field(
        default=(), max_length=50
    )
    severity: Annotated[tuple[Severity, ...], BeforeValidator(_listed)] = tuple(Severity)
    on: Annotated[tuple[ChangeKind, ...], BeforeValidator(_listed)] = (
        ChangeKind.OPENED,
        ChangeKind.ACKNOWLEDGED,
        ChangeKind.RELEASED,
        ChangeKind.RESOLVED,
    )
    order: int = 0

    @model_validator(mode="before")
    @classmethod
    def _read_on(cls, given: Any) -> Any:  # noqa: ANN401  # raw settings
        """Read the key `on`, which YAML 1.1 takes for `true`."""
        if isinstance(given, dict) and True in given:
            return {("on" if name is True else name): value for name, value in given.items()}
        return given

    @model_validator(mode="after")
    def _only_tellable(self) -> "Route":
        if not self.to and not self.policy:
            raise ValueError("to: name a channel, or a policy by which people are called")
        if wrong := [kind for kind in self.on if kind not in TELLABLE]:
            right = ", ".join(TELLABLE)
            raise ValueError(f"on: {', '.join(wrong)} is never told; choose from {right}")
        return self

    def fits(self, incident: Incident) -> bool:
        """Say whether the route is for this incident, as it is now."""
        return not self.misfit(incident)

    def misfit(self, incident: Incident) -> str:
        """Return why the route is not for this incident, as it is now; empty where it is.

        Of several signals that one speaks which fulfils most matchers.
        """
        if incident.severity not in self.severity:
            return f"severity {incident.severity} is not listed ({', '.join(self.severity)})"
        nearest: tuple[tuple[Matcher, ...], dict[str, str]] | None = None
        for signal in incident.signals:
            labels = dict(incident.labels_of(signal))
            failing = tuple(one for one in self.match if not one.matches(labels))
            if not failing:
                return ""
            if nearest is None or len(failing) < len(nearest[0]):
                nearest = failing, labels
        if nearest is None:
            return "it has no signal"
        (first, *_), labels = nearest
        return f"{first} fails: {first.name} is {labels.get(first.name, '')!r}"
