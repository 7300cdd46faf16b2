"""Whatever the order, repetition or loss of facts: the guards hold and every run ends.

A small world with one outbox and one clock hands facts to the pure machine in any order, as a
crashing and retrying engine would: outcomes twice, timers twice, late, or only when all is over.
"""

from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from auscult.kernel.effects import Effect, Outcome, Result
from auscult.kernel.facts import Answered, Rang, Timer
from auscult.kernel.findings import Phase
from auscult.kernel.incidents import ChangeKind, Incident, Status
from auscult.kernel.runs import Run, RunState
from auscult.remediation.decide import Runbook, Step, advance, consider
from tests.story import AT_MS, a_change, a_signal, an_incident

SERVICES = ("encode", "edge", "ingest")
AT_WORK = {RunState.APPLYING, RunState.VERIFYING, RunState.UNDOING}
ACTED = AT_WORK | {RunState.HEALED, RunState.UNDONE, RunState.FAILED}
BLAST_RADIUS, MAX_PER_HOUR, COOLDOWN_MS = 2, 4, 60_000
HOUR_MS = 3_600_000


def book(name: str, **changed: Any) -> Runbook:
    told = {
        "name": name,
        "match": ['seen_by="absence"'],
        "action": {"use": "supervisor"},
        "blast_radius": BLAST_RADIUS,
        "max_per_hour": MAX_PER_HOUR,
        "cooldown_s": COOLDOWN_MS / 1_000,
    }
    return Runbook.model_validate(told | changed)


class Runs(RuleBasedStateMachine):
    """The world around the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = AT_MS
        self.books = [book("first"), book("second", match=['service=~"encode|edge"'])]
        self.incidents: dict[str, Incident] = {}
        self.runs: dict[str, Run] = {}
        self.effects: dict[str, Effect] = {}
        self.answered: dict[str, Outcome] = {}
        self.timers: dict[str, Timer] = {}
        self.rung: list[Timer] = []
        self.acts: list[tuple[int, str]] = []
        self.numbers = count()
        self.plan_only = False

    def take(self, step: Step) -> None:
        before = self.runs.get(step.run.id)
        if before is not None and before.state.is_end:
            assert step.run == before, "an end is an end"
        for effect in step.effects:
            assert effect.key not in self.effects, "a step is wished for once"
            self.effects[effect.key] = effect
            if effect.verb == "apply":
                self.begin_to_act(step.run)
        for timer in step.timers:
            self.timers[timer.key] = timer
        self.runs[step.run.id] = step.run

    def begin_to_act(self, run: Run) -> None:
        assert not self.plan_only, "the kill switch holds"
        incident = self.incidents[run.incident]
        firing = {s.subject.service for s in incident.signals if s.phase is Phase.FIRING}
        assert run.target in firing, "there must be something to repair"
        assert not incident.is_over
        others = [one for one in self.runs.values() if one.id != run.id]
        ends = [
            one.ended_ms
            for one in others
            if one.target == run.target and one.state in ACTED and one.ended_ms is not None
        ]
        assert all(self.now_ms - end_ms >= COOLDOWN_MS for end_ms in ends), "a target rests"
        self.acts.append((self.now_ms, run.runbook))
        lately = [name for at_ms, name in self.acts if at_ms > self.now_ms - HOUR_MS]
        assert lately.count(run.runbook) <= MAX_PER_HOUR

    def recent(self) -> list[Run]:
        return [run for run in self.runs.values() if run.updated_ms > self.now_ms - HOUR_MS]

    def hand(self, run_id: str, fact: Answered | Rang) -> None:
        run = self.runs[run_id]
        runbook = next((one for one in self.books if one.name == run.runbook), None)
        self.take(
            advance(
                run,
                runbook,
                fact,
                self.incidents.get(run.incident),
                self.recent(),
                now_ms=self.now_ms,
                plan_only=self.plan_only,
            )
        )

    @rule(service=st.sampled_from(SERVICES), firing=st.booleans(), where=st.sampled_from("AB"))
    def detector_speaks(self, service: str, firing: bool, where: str) -> None:
        incident = self.incidents.get(where)
        phase = Phase.FIRING if firing else Phase.CLEARED
        if incident is None or incident.is_over:
            incident = an_incident(a_signal(service, phase=phase), id=where)
        else:
            signals = {one.fingerprint: one for one in incident.signals}
            told = a_signal(service, phase=phase)
            signals[told.fingerprint] = told
            incident = incident.model_copy(update={"signals": tuple(signals.values())})
        self.incidents[where] = incident
        steps = consider(
            incident,
            [a_change(ChangeKind.JOINED)],
            self.books,
            self.recent(),
            now_ms=self.now_ms,
            new_id=lambda: f"R{next(self.numbers)}",
            plan_only=self.plan_only,
        )
        for step in steps:
            self.take(step)

    @rule(where=st.sampled_from("AB"))
    def a_person_ends_it(self, where: str) -> None:
        if where in self.incidents:
            over = {"status": Status.RESOLVED}
            self.incidents[where] = self.incidents[where].model_copy(update=over)

    @rule(on=st.integers(0, 3))
    def the_kill_switch_is_turned(self, on: int) -> None:
        self.plan_only = on == 0

    @rule(ms=st.sampled_from([400, 3_000, 31_000, 61_000, 700_000]))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms

    @precondition(lambda self: len(self.effects) > len(self.answered))
    @rule(data=st.data(), works=st.booleans())
    def the_world_does_it(self, data: st.DataObject, works: bool) -> None:
        """Do an effect that still waits."""
        waiting = sorted(set(self.effects) - set(self.answered))
        self.answer(data.draw(st.sampled_from(waiting)), Result.DONE, works=works)

    @precondition(lambda self: self.effects)
    @rule(data=st.data(), result=st.sampled_from(list(Result)), works=st.booleans())
    def the_world_answers(self, data: st.DataObject, result: Result, works: bool) -> None:
        """Answer any effect ever wished for: an answered one again, with the same answer."""
        self.answer(data.draw(st.sampled_from(sorted(self.effects))), result, works=works)

    @precondition(lambda self: any(run.state in AT_WORK for run in self.runs.values()))
    @rule()
    def a_repair_works(self) -> None:
        """Let the detector see that every repair so far has helped."""
        mended = {run.target for run in self.runs.values() if run.state in AT_WORK}
        for where, incident in self.incidents.items():
            signals = tuple(
                a_signal(one.subject.service, phase=Phase.CLEARED)
                if one.subject.service in mended
                else one
                for one in incident.signals
            )
            self.incidents[where] = incident.model_copy(update={"signals": signals})

    def answer(self, key: str, result: Result, *, works: bool) -> None:
        effect = self.effects[key]
        said: dict[str, Any] = {"verified": works, "precondition": works}
        if effect.verb == "plan":
            plan = {"target": "x", "sentence": "Do.", "precondition": "so"}
            said["plan"] = plan | {"undo": "Undo." if works else ""}
        outcome = Outcome(
            key=effect.key, tenant=effect.tenant, result=result, at_ms=self.now_ms, data=said
        )
        if result is not Result.RETRY:
            outcome = self.answered.setdefault(effect.key, outcome)
        self.hand(str(effect.payload["run"]), Answered(outcome=outcome))

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def a_timer_rings(self, data: st.DataObject) -> None:
        due = sorted(key for key, one in self.timers.items() if one.due_ms <= self.now_ms)
        if due:
            timer = self.timers.pop(data.draw(st.sampled_from(due)))
            self.rung.append(timer)
            self.hand(timer.about, Rang(timer=timer))

    @precondition(lambda self: self.rung)
    @rule(data=st.data())
    def a_timer_rings_again(self, data: st.DataObject) -> None:
        timer = data.draw(st.sampled_from(self.rung))
        self.hand(timer.about, Rang(timer=timer))

    @invariant()
    def never_more_under_repair_than_allowed(self) -> None:
        targets = [run.target for run in self.runs.values() if run.state in AT_WORK]
        assert len(targets) == len(set(targets)), "one run at work on a target"
        assert len(targets) <= BLAST_RADIUS

    @invariant()
    def every_run_that_has_not_ended_will_be_woken(self) -> None:
        for run in self.runs.values():
            if not run.state.is_end:
                waking = {f"{run.id}:guard", f"{run.id}:deadline:{run.state}"}
                assert waking & set(self.timers), run

    def teardown(self) -> None:
        """The world falls silent: the timers alone bring every run to an end."""
        for _ in range(10_000):
            if not self.timers:
                break
            timer = self.timers.pop(min(self.timers, key=lambda key: self.timers[key].due_ms))
            self.now_ms = max(self.now_ms, timer.due_ms)
            self.hand(timer.about, Rang(timer=timer))
        assert not self.timers
        assert all(run.state.is_end and run.ended_ms for run in self.runs.values())


Runs.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestRuns = Runs.TestCase
