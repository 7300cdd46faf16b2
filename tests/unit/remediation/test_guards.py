"""The guards: each forbids what it is for, and nothing else."""

from typing import Any

import pytest

from auscult.kernel.runs import Run, RunState
from auscult.remediation.decide import blocked
from auscult.remediation.decide.guards import group_of
from tests.story import ACME, AT_MS
from tests.unit.remediation.stage import a_book

S_MS = 1_000


def a_run(run_id: str = "me", target: str = "encode", **changed: Any) -> Run:
    told: dict[str, Any] = {
        "id": run_id,
        "tenant": ACME,
        "incident": "i",
        "runbook": "restart",
        "action": "supervisor",
        "target": target,
        "state": RunState.PLANNING,
        "started_ms": AT_MS,
        "updated_ms": AT_MS,
        "deadline_ms": AT_MS,
    }
    return Run(**(told | changed))


def ended(run_id: str, state: RunState, ago_s: int, **changed: Any) -> Run:
    at_ms = AT_MS - ago_s * S_MS
    return a_run(run_id, state=state, started_ms=at_ms, ended_ms=at_ms, **changed)


def why(*others: Run, target: str = "encode", **book: Any) -> str:
    block = blocked(a_run(target=target), a_book(**book), others, now_ms=AT_MS)
    return block.sentence if block else ""


@pytest.mark.parametrize("state", [RunState.APPLYING, RunState.VERIFYING, RunState.UNDOING])
def test_one_run_at_a_time_is_at_work_on_a_target(state: RunState) -> None:
    assert "at work on encode" in why(a_run("x", state=state), blast_radius=9)
    assert "at work on encode" in why(
        a_run("x", state=state, runbook="another", incident="j"), blast_radius=9
    )


@pytest.mark.parametrize("state", [RunState.PLANNING, RunState.PLANNED, RunState.REFUSED])
def test_who_only_plans_is_in_nobodys_way(state: RunState) -> None:
    assert why(*[a_run(str(n), state=state, ended_ms=AT_MS) for n in range(20)]) == ""


def test_the_blast_radius_counts_targets_under_repair() -> None:
    two = [a_run(str(n), f"s{n}", state=RunState.VERIFYING) for n in range(2)]
    assert "2 targets" in why(*two, blast_radius=2)
    assert why(*two, blast_radius=3) == ""


def test_the_groups_blast_radius_counts_its_own_only() -> None:
    near = a_run("x", "edge/1", state=RunState.APPLYING)
    assert "1 of edge" in why(near, target="edge/2", blast_radius=9)
    assert why(near, target="edge/2", blast_radius=9, group_blast_radius=2) == ""
    assert why(near, target="encode/1", blast_radius=9) == ""
    assert group_of("edge/1") == group_of("edge") == "edge"


def test_a_target_rests_after_a_repair() -> None:
    assert "rests for another 1 s" in why(ended("x", RunState.HEALED, 59))
    assert why(ended("x", RunState.HEALED, 60)) == ""
    assert why(ended("x", RunState.HEALED, 1, target="edge")) == ""


@pytest.mark.parametrize(
    ("book", "said"),
    [
        ({"max_per_hour": 2}, "runbook 'restart' acted 2 times"),
        ({"target_max_per_hour": 2}, "encode was repaired 2 times"),
        ({"tenant_max_per_hour": 2}, "of this tenant acted 2 times"),
    ],
)
def test_rates_are_counted_over_an_hour(book: dict[str, Any], said: str) -> None:
    twice = [ended(str(n), RunState.HEALED, 600 + n) for n in range(2)]
    assert said in why(*twice, **book)
    assert why(twice[0], **book) == ""
    old = ended("x", RunState.HEALED, 3_600)
    assert why(twice[0], old, **book) == ""


def test_a_rate_counts_only_what_it_is_of() -> None:
    other = [ended(str(n), RunState.HEALED, 600, target="edge", runbook="b") for n in range(9)]
    assert why(*other, max_per_hour=1, target_max_per_hour=1) == ""


@pytest.mark.parametrize("bad", [RunState.FAILED, RunState.UNDONE])
def test_after_failures_in_a_row_a_person_must_look(bad: RunState) -> None:
    row = [ended(str(n), bad, 600 - n) for n in range(3)]
    assert "a person must look" in why(*row)
    assert why(*row[:2]) == ""
    assert why(*row, ended("good", RunState.HEALED, 100)) == ""


def test_only_what_may_pass_is_waited_for() -> None:
    book = a_book(max_per_hour=1)
    busy = blocked(a_run(), book, [a_run("x", state=RunState.APPLYING)], now_ms=AT_MS)
    spent = blocked(a_run(), book, [ended("x", RunState.HEALED, 600)], now_ms=AT_MS)
    assert busy is not None
    assert spent is not None
    assert (busy.passes, spent.passes) == (True, False)


def test_a_run_is_not_in_its_own_way() -> None:
    me = a_run(state=RunState.APPLYING)
    assert blocked(me, a_book(max_per_hour=1), [me], now_ms=AT_MS) is None
