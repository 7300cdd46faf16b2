"""Who is told in the simulated world: settings of people and of alerts, and what is right to send.

`Judge` knows what was accepted and when, and so which message nobody should have been sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from auscult.incidents import LAPSE_TIMER
from auscult.kernel.facts import (
    Acknowledged,
    Escalated,
    Fact,
    Rang,
    Reassigned,
    Released,
    Resolved,
    Silenced,
)
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.words import TenantId
from auscult.notification.decide.alerts import Alerting
from auscult.notification.messages import Message
from auscult.notification.oncall import OnCall

LATE_MS = 5_000
PHONES = ("phone", "pager", "bell")
NAMES = ("Down", "Slow", "Full")
PLACES = ("edge", "core")

ONCALL = OnCall.model_validate(
    {
        "people": [
            {
                "name": "ana",
                "time_zone": "UTC",
                "contacts": ["phone", "pager"],
                "rules": [{"channel": "phone"}, {"channel": "pager", "after_min": 1}],
            },
            {"name": "bob", "time_zone": "UTC", "contacts": ["bell"]},
        ],
        "policies": [
            {
                "name": "all",
                "steps": [
                    {"to": "person:ana"},
                    {"to": "person:bob", "wait_min": 2, "repeat": 2, "again_min": 1},
                ],
                "fallback": "channel:mail",
                "ack_min": 3,
            }
        ],
        "policy": "all",
    }
)
ALERTING = Alerting.model_validate(
    {
        "route": {
            "receiver": "team",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "5s",
            "repeat_interval": "4h",
        },
        "receivers": [{"name": "team", "to": ["hook"]}],
        "inhibit_rules": [
            {
                "source_matchers": ["alertname=Down"],
                "target_matchers": ["alertname=Slow"],
                "equal": ["place"],
            }
        ],
    }
)


@dataclass(slots=True)
class Judge:
    """What was accepted at which time, and so whom it was wrong to page; `wrong` says which."""

    wrong: list[str] = field(default_factory=list)
    told: set[tuple[TenantId, str, str, str]] = field(default_factory=set)
    """(tenant, alertname, place, status) of every alert that was told."""
    _had_since_ms: dict[str, int] = field(default_factory=dict)
    _over_since_ms: dict[str, int] = field(default_factory=dict)
    _firing_since_ms: dict[tuple[TenantId, str, str], int] = field(default_factory=dict)
    _silent: dict[tuple[TenantId, str], list[tuple[int, int]]] = field(default_factory=dict)

    def expect(self, fact: Fact) -> None:
        """Note what is about to be submitted: where it frees an incident, it may be durable soon.

        A death after the commit leaves it durable, although nobody was told so.
        """
        if isinstance(fact, Released | Escalated | Reassigned):
            self._had_since_ms.pop(fact.incident, None)
        elif isinstance(fact, Rang) and fact.timer.name == LAPSE_TIMER:
            self._had_since_ms.pop(fact.timer.about, None)

    def take(self, fact: Fact, at_ms: int) -> None:
        """Note an accepted fact: since when somebody has an incident, or it is over."""
        if isinstance(fact, Acknowledged | Silenced):
            self._had_since_ms.setdefault(fact.incident, at_ms)
        elif isinstance(fact, Resolved):
            self._had_since_ms[fact.incident] = at_ms
            self._over_since_ms[fact.incident] = at_ms

    def expect_end(self, tenant: TenantId, name: str, place: str) -> None:
        """Note that an alert is about to end."""
        self._firing_since_ms.pop((tenant, name, place), None)

    def fire(self, tenant: TenantId, name: str, place: str, *, at_ms: int) -> None:
        """Note an accepted alert that fires."""
        self._firing_since_ms.setdefault((tenant, name, place), at_ms)

    def silence(self, tenant: TenantId, name: str, *, from_ms: int, to_ms: int) -> None:
        """Note an accepted silence."""
        self._silent.setdefault((tenant, name), []).append((from_ms, to_ms))

    def hear(self, message: Message, channel: str, *, now_ms: int) -> None:
        """Judge a message when it arrives, by what was known when it was decided.

        A call that is attempted for long is judged by what is known now.
        """
        if message.alerts is not None:
            self._hear_alerts(message.tenant, message.alerts.alerts, message.at_ms)
        elif channel in PHONES and message.kind in {ChangeKind.OPENED, ChangeKind.ESCALATED}:
            since_ms = self._had_since_ms.get(message.incident)
            if since_ms is not None and since_ms < message.at_ms:
                self.wrong.append(f"{channel} is called to {message.incident}, which somebody has")
            over_ms = self._over_since_ms.get(message.incident, now_ms)
            if over_ms < now_ms - LATE_MS and message.at_ms < over_ms:
                self.wrong.append(f"{channel} is called to {message.incident}, which is over")

    def _hear_alerts(self, tenant: TenantId, alerts: Iterable[dict[str, Any]], at_ms: int) -> None:
        for alert in alerts:
            name, place = alert["labels"]["alertname"], alert["labels"]["place"]
            self.told.add((tenant, name, place, alert["status"]))
            if alert["status"] != "firing":
                continue
            spans = self._silent.get((tenant, name), [])
            if any(from_ms < at_ms < to_ms for from_ms, to_ms in spans):
                self.wrong.append(f"{name} at {place} is told although it is silenced")
            source_ms = self._firing_since_ms.get((tenant, "Down", place))
            if name == "Slow" and source_ms is not None and source_ms < at_ms:
                self.wrong.append(f"{name} at {place} is told although it is inhibited")
