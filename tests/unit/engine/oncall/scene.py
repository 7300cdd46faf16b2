"""Two people who take turns by the day, behind channels that keep what they are sent."""

from typing import Any

import yaml

from auscult.engine.events.records import settle
from auscult.engine.events.settled import Settled
from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.facts import Fact
from auscult.notification.decide import Route
from auscult.notification.oncall import OnCall
from tests.unit.engine.bench import ACME, Bench, Told
from tests.unit.notification.oncall.times import utc

START_MS = utc("2026-11-30 12:00")
SETTINGS = """
people:
  - {name: ada, time_zone: UTC, contacts: [ada-chat]}
  - {name: bob, time_zone: UTC, contacts: [bob-pager, bob-mail]}
  - {name: cyn, time_zone: UTC, contacts: [ada-chat]}
schedules:
  - name: nights
    time_zone: UTC
    layers: [{name: days, people: [ada, bob], start: 2026-11-30T09:00, turn: 1 day}]
policies:
  - {name: p, steps: [{to: schedule:nights}], fallback: channel:ops}
policy: p
"""


class Pager(Told):
    """A channel that begins an incident with all it is sent."""

    takes_notes = False


def section(text: str = SETTINGS, **more: Any) -> OnCall:
    """Return a section, with some parts in place of those of the text."""
    return OnCall.model_validate({**yaml.safe_load(text), **more})


def plans_of(oncall: OnCall, channels: dict[str, Told] | None = None) -> Plans:
    """Return the plans of a tenant with these people."""
    names = ("ada-chat", "bob-mail", "ops")
    known = channels or {**{name: Told() for name in names}, "bob-pager": Pager()}
    rules = Rules(oncall=oncall, routes=(Route(to=("ops",)),), base_url="http://auscult.example")
    return Plans({ACME: TenantPlan(ACME, rules=rules, channels=known)})


def take(bench: Bench, fact: Fact, plans: Plans) -> Settled:
    """Decide on a fact as the desk does."""
    with bench.store.write() as work:
        return settle(work, fact, plans, clock=bench.clock)


def look(bench: Bench, what: Any) -> Any:
    """Read the tenant's rows."""
    with bench.store.read() as work:
        return what(work.of(ACME))
