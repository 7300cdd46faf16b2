"""A change that did not bring what was promised is taken back; one that did, keeps."""

from dataclasses import replace

import numpy as np
import pytest

from auscult.performance.capacity import Advice, Move, Outcome, Usage, advise, judge
from tests.unit.performance.capacity.queue import Queue, daily

QUEUE = Queue(daily(0.6), days=4)


@pytest.fixture(scope="module")
def shrunk() -> tuple[Usage, Advice]:
    before = QUEUE.run(24, every_s=300)
    (advice,) = advise([before])
    assert advice.move is Move.REMOVE
    return before, advice


@pytest.fixture(scope="module")
def grown() -> tuple[Usage, Advice]:
    before = QUEUE.run(7, every_s=300)
    (advice,) = advise([before])
    assert advice.move is Move.ADD
    return before, advice


def test_what_is_as_promised_keeps(shrunk: tuple[Usage, Advice]) -> None:
    before, advice = shrunk
    after = replace(QUEUE, seed=5, days=1).run(advice.proposed, every_s=300)
    verdict = judge(before, after, advice)
    assert verdict.outcome is Outcome.KEPT, verdict
    assert advice.utilisation
    assert 0 < verdict.utilisation <= advice.utilisation.high


def test_under_a_load_that_nobody_foresaw_it_is_taken_back(shrunk: tuple[Usage, Advice]) -> None:
    before, advice = shrunk
    after = replace(QUEUE, seed=5, days=1, rate=daily(1.6)).run(advice.proposed, every_s=300)
    assert judge(before, after, advice).outcome is Outcome.REVERTED


def test_longer_waits_than_promised_are_taken_back(shrunk: tuple[Usage, Advice]) -> None:
    before, advice = shrunk
    after = replace(QUEUE, seed=5, days=1).run(advice.proposed, every_s=300)
    slow = replace(after, wait_s=after.wait_s + 8.0)
    verdict = judge(before, slow, advice)
    assert verdict.outcome is Outcome.REVERTED
    assert "wait" in verdict.reason


def test_before_a_peak_came_nothing_is_decided(shrunk: tuple[Usage, Advice]) -> None:
    before, advice = shrunk
    night = replace(QUEUE, days=1, rate=daily(0.6)).run(advice.proposed, every_s=300)
    early = slice(4 * 12, 8 * 12)  # four hours around the quietest one
    after = Usage(
        night.service,
        night.at_ms[early],
        night.busy[early],
        night.servers[early],
        night.arrivals_per_s[early],
        night.wait_s[early],
    )
    assert judge(before, after, advice).outcome is Outcome.UNDECIDED


def test_what_was_added_keeps_where_it_shortens_the_wait(grown: tuple[Usage, Advice]) -> None:
    before, advice = grown
    after = replace(QUEUE, seed=6, days=1).run(advice.proposed, every_s=300)
    verdict = judge(before, after, advice)
    assert verdict.outcome is Outcome.KEPT, verdict
    assert verdict.wait_s < 0.5 * verdict.wait_before_s


def test_what_was_added_in_vain_is_taken_back(grown: tuple[Usage, Advice]) -> None:
    before, advice = grown
    # More servers, and it waits as long as ever: it waits for something else.
    after = replace(QUEUE, seed=6, days=1).run(advice.present, every_s=300)
    vain = replace(after, servers=np.full(len(after.busy), float(advice.proposed)))
    assert judge(before, vain, advice).outcome is Outcome.REVERTED


def test_an_advice_that_changes_nothing_cannot_be_judged(shrunk: tuple[Usage, Advice]) -> None:
    before, advice = shrunk
    with pytest.raises(ValueError, match="nothing to be judged"):
        judge(before, before, replace(advice, move=Move.KEEP))
