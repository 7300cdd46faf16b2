"""Whose answer is missing is known by whose share of answers fell."""

import pytest

from auscult.performance.bottlenecks.journeys.callees import Callees

A, B, C = 1, 2, 3


def learnt(looks: int = 200, **extra: int) -> Callees:
    callees = Callees()
    for _ in range(looks):
        callees.take({A: 6, B: 3, C: 1}, extra.get("missing", 0))
    return callees


@pytest.mark.parametrize(
    ("answers", "to_blame"), [({B: 3, C: 1}, A), ({A: 6, C: 1}, B), ({A: 6, B: 3}, C)]
)
def test_the_one_that_no_longer_answers_is_blamed(answers: dict[int, int], to_blame: int) -> None:
    callees, missing = learnt(), 10 - sum(answers.values())
    blamed: dict[int, int] = {}
    for _ in range(60):
        for service, count in callees.take(answers, missing).items():
            blamed[service] = blamed.get(service, 0) + count
    assert blamed[to_blame] >= 0.9 * sum(blamed.values())
    assert blamed[to_blame] >= 0.7 * 60 * missing


def test_calls_to_who_never_answers_are_nobodys_fault() -> None:
    callees = learnt(missing=5)
    blamed = [callees.take({A: 6, B: 3, C: 1}, 5) for _ in range(100)]
    assert sum(sum(one.values()) for one in blamed) <= 0.02 * 100 * 5


def test_who_was_never_answered_blames_nobody() -> None:
    assert Callees().take({}, 5) == {}
