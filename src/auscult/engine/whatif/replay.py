"""A tenant's past led through the steps of the event path, in memory and in simulated time.

The steps are the live engine's own (`engine.events.steps`); what stands here is only what
`engine.events.records` does with rows. Timers that a setting may move (the next step of a policy,
the end of a mute or of an acknowledgement) are rung when they are due; what an incident does by
itself (it falls silent, it is over) happens when it did.
"""

import heapq
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auscult.engine.events.records import CANDIDATES_MAX
from auscult.engine.events.steps import MUTE_TIMER, Case, Decision, Rules, step
from auscult.incidents import LAPSE_TIMER, still_firing
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.errors import ObjectMissing, QueryUnknown, StateConflict
from auscult.kernel.facts import Asked, Fact, Found, Rang, Timer
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import Incident, Paged
from auscult.kernel.times import HOUR_MS
from auscult.notification.decide import ESCALATE_TIMER, Sight, told_channels
from auscult.notification.decide.wishes import PAGES
from auscult.notification.messages.templates import Templates

if TYPE_CHECKING:
    from auscult.engine.whatif.recording import Deed, Recording

RUNG = frozenset({ESCALATE_TIMER, MUTE_TIMER, LAPSE_TIMER})
STEPS_MAX = 1_000_000
REFUSED_MAX = 100
BY_ROUTE = "route"


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One page: when, of which incident, to whom by what (nobody for a channel as a whole).

    `step` is the policy's, or `route` where a route tells the channel; `key` the message's.
    """

    at_ms: int
    incident: str
    person: str
    channel: str
    step: str
    key: str
    headline: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The pages that rules led to, and what of people's wishes they would have refused."""

    calls: tuple[Call, ...]
    refused: tuple[str, ...] = ()


def replay(recording: "Recording", rules: Rules, *, until_ms: int) -> Outcome:
    """Return the pages that these rules would have led to, up to an instant.

    Raises `QueryUnknown` where that takes more than `STEPS_MAX` steps.
    """
    world = _World(recording, rules)
    deeds = iter(recording.deeds)
    deed = next(deeds, None)
    for _ in range(STEPS_MAX):
        timer = world.next_timer()
        # A timer is rung a moment after it is due: what happens in that instant comes first.
        if timer is not None and timer.due_ms <= until_ms and not _is_before(deed, timer):
            world.ring(timer)
        elif deed is not None:
            world.do(deed)
            deed = next(deeds, None)
        else:
            return world.outcome(until_ms)
    raise QueryUnknown(f"more than {STEPS_MAX} steps are to be replayed; ask for fewer days")


def _is_before(deed: "Deed | None", timer: Timer) -> bool:
    return deed is not None and deed.at_ms <= timer.due_ms


class _World:
    """What the store would hold for one tenant at the instant that is being replayed."""

    def __init__(self, recording: "Recording", rules: Rules) -> None:
        """Begin with nothing; left out is what decides on no page: healing, and the wording."""
        self._rules = replace(rules, runbooks=(), templates=Templates())
        self._silences = recording.silences
        self._incidents: dict[str, Incident] = {}
        self._open: set[str] = set()
        self._begun: dict[str, list[str]] = {}
        self._effects: dict[str, dict[str, Effect]] = {}
        self._pages: dict[str, dict[tuple[str, str], Paged]] = {}
        self._due: list[tuple[int, str]] = []
        self._steps: dict[tuple[str, str], str] = {}
        self._timers: dict[str, Timer] = {}
        self._heap: list[tuple[int, str]] = []
        self._refused: list[str] = []

    def next_timer(self) -> Timer | None:
        """Return the timer that is due next."""
        while self._heap:
            due_ms, key = self._heap[0]
            timer = self._timers.get(key)
            if timer is not None and timer.due_ms == due_ms:
                return timer
            heapq.heappop(self._heap)  # cancelled, or moved
        return None

    def ring(self, timer: Timer) -> None:
        """Ring a timer at the instant it is due."""
        del self._timers[timer.key]
        self._settle(Rang(timer=timer), timer.about, timer.due_ms)

    def do(self, deed: "Deed") -> None:
        """Do again what was done; what a person's wish raises is kept as a sentence."""
        if deed.fact is None:
            for cleared in self._cleared(deed):
                self._settle(cleared, deed.incident, deed.at_ms)
            return
        if isinstance(deed.fact, Asked) and deed.incident not in self._incidents:
            return  # its beginning is not on record
        try:
            self._settle(deed.fact, deed.incident, deed.at_ms)
        except (StateConflict, ObjectMissing) as why:
            if len(self._refused) < REFUSED_MAX:
                self._refused.append(f"{deed.incident}: {deed.fact.fact}: {why}")

    def outcome(self, until_ms: int) -> Outcome:
        """Return the pages that were due by then, in their order."""
        calls = [
            Call(
                at_ms=effect.due_ms,
                incident=name,
                person=person,
                channel=effect.to,
                step=self._steps.get((effect.key, person), BY_ROUTE),
                key=effect.key,
                headline=self._incidents[name].headline,
            )
            for name, effects in self._effects.items()
            for effect in effects.values()
            if effect.payload.get("kind") in PAGES and effect.due_ms <= until_ms
            for person in self._people(name, effect.key)
        ]
        return Outcome(tuple(sorted(calls)), tuple(self._refused))

    def _people(self, incident: str, key: str) -> list[str]:
        """Return whom a message calls, by name; nobody for a channel as a whole."""
        return [who for one, who in self._pages.get(incident, {}) if one == key] or [""]

    def _cleared(self, deed: "Deed") -> list[Found]:
        incident = self._incidents.get(deed.incident)
        if incident is None or incident.is_over:
            return []
        strongest = incident.strongest
        return [
            Found(
                finding=strongest.model_copy(
                    update={
                        "fingerprint": signal.fingerprint,
                        "seen_by": signal.seen_by,
                        "at_ms": deed.at_ms,
                        "phase": Phase.CLEARED,
                    }
                )
            )
            for signal in still_firing(incident)
        ]

    def _settle(self, fact: Fact, name: str, now_ms: int) -> None:
        case = Case(
            fact=fact,
            rules=self._rules,
            now_ms=now_ms,
            new_id=lambda: name,
            incident=self._incidents.get(name),
            told=told_channels(self._effects.get(name, {}).values(), now_ms=now_ms),
            later=tuple(one for one in self._pages.get(name, {}).values() if one.due_ms > now_ms),
            pages_last_hour=self._last_hour(now_ms),
            sight=self._sight(now_ms),
        )
        self._save(step(case), name, now_ms)

    def _sight(self, now_ms: int) -> Sight:
        return Sight(
            now_ms,
            self._rules.mutes,
            silences=lambda: self._silences,
            others=self._others,
            begun_since=self._count_begun,
        )

    def _others(self) -> list[Incident]:
        found = [self._incidents[name] for name in self._open]
        found.sort(key=lambda one: (one.updated_ms, one.id), reverse=True)
        return found[:CANDIDATES_MAX]

    def _count_begun(self, incident: Incident, since_ms: int) -> int:
        like = (self._incidents[name] for name in self._begun.get(incident.key, ()))
        return len({one.id for one in like if one.opened_ms >= since_ms} | {incident.id})

    def _last_hour(self, now_ms: int) -> dict[str, int]:
        if not self._rules.oncall.is_load_limited:
            return {}
        first = bisect_right(self._due, (now_ms - HOUR_MS, "\U0010ffff"))
        last = bisect_right(self._due, (now_ms, "\U0010ffff"))
        return Counter(person for _, person in self._due[first:last])

    def _save(self, decision: Decision, name: str, now_ms: int) -> None:
        if decision.incident is None:
            return
        if name not in self._incidents:
            self._begun.setdefault(decision.incident.key, []).append(name)
        self._incidents[name] = decision.incident
        (self._open.discard if decision.incident.is_over else self._open.add)(name)
        for key in decision.cancelled:
            self._timers.pop(key, None)
        for timer in decision.timers:
            if timer.name in RUNG:
                self._timers[timer.key] = timer
                heapq.heappush(self._heap, (timer.due_ms, timer.key))
        self._withdraw(decision.withdrawn, name, now_ms)
        self._add(decision, name, now_ms)

    def _withdraw(self, keys: Iterable[str], name: str, now_ms: int) -> None:
        effects, pages = self._effects.get(name, {}), self._pages.get(name, {})
        for key in keys:
            if key in effects and effects[key].due_ms > now_ms:
                del effects[key]
            for place in [one for one in pages if one[0] == key]:
                page = pages.pop(place)
                if page.person:
                    self._due.remove((page.due_ms, page.person))

    def _add(self, decision: Decision, name: str, now_ms: int) -> None:
        steps = {
            (page.person, page.channel, now_ms + page.after_ms): call.name
            for call in decision.calls
            for page in call.pages
        }
        pages = self._pages.setdefault(name, {})
        for one in decision.pages:
            place = (one.key, one.person)
            if place not in pages:
                pages[place] = one
                self._steps[place] = steps[one.person, one.channel, one.due_ms]
                if one.person:
                    insort(self._due, (one.due_ms, one.person))
        effects = self._effects.setdefault(name, {})
        for effect in decision.effects:
            if effect.kind is EffectKind.NOTIFY:
                effects.setdefault(effect.key, effect)
