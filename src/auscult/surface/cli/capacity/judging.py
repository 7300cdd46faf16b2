"""`auscult capacity judge`: what was expected of a change of size, and what was measured."""

from pathlib import Path
from typing import NamedTuple

from auscult.engine.capacity.papers import read_paper
from auscult.performance.capacity import (
    Advice,
    Move,
    Outcome,
    Policy,
    Usage,
    Verdict,
    judge,
    split,
)
from auscult.runtime.clock import SystemClock
from auscult.surface.cli.capacity.asking import ask, say_missing, seconds, share, wait

TAKE_BACK = 1
"""Exit code where a change is to be taken back, or nothing is known of a pool."""


class Row(NamedTuple):
    """One pool's advice and what became of it; no verdict where it was not followed."""

    advice: Advice
    verdict: Verdict | None


def judge_advice(file: Path, advice_file: Path) -> None:
    """Judge and print; ends with 1 where something is to be taken back or is missing.

    Raises `SettingError` for the plan, `InputError` for the file of advice.
    """
    given = read_paper(advice_file)
    plan, usages, missing = ask(file, now_ms=SystemClock().now_ms())
    known = {(one.service, one.resource): one for one in usages}
    limits = {(one.service, one.resource): one.limits() for one in plan.pools}
    rows = []
    for advice in given.pools:
        place = advice.service, advice.resource
        if advice.move not in {Move.ADD, Move.REMOVE}:
            continue
        if place in known:
            policy, when_ms = limits[place], given.advised_ms
            rows.append(Row(advice, _judge(known[place], advice, policy, advised_ms=when_ms)))
        else:
            missing.setdefault(" ".join(place), "the plan has no such pool")
    _print(rows)
    say_missing(missing)
    if missing or any(one.verdict and one.verdict.outcome is Outcome.REVERTED for one in rows):
        raise SystemExit(TAKE_BACK)


def _judge(usage: Usage, advice: Advice, policy: Policy, *, advised_ms: int) -> Verdict | None:
    parts = split(usage, advice, advised_ms=advised_ms)
    return None if parts is None else judge(*parts, advice, policy=policy)


def _print(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rows:
        Console().print("Nothing was advised that changes a size.")
        return
    columns = ("pool", "change", "verdict", "utilisation", "expected", "wait", "expected", "why")
    table = Table(*columns)
    for advice, verdict in rows:
        place = f"{advice.service} {advice.resource}"
        change = f"{advice.present} → {advice.proposed}"
        if verdict is None:
            table.add_row(
                place, change, "not followed", *("-",) * 4, "it never had that size since"
            )
            continue
        busy = f"{verdict.utilisation:.0%}" if verdict.utilisation >= 0 else "-"
        waits = f"{seconds(verdict.wait_before_s)} → {seconds(verdict.wait_s)}"
        expected = (share(advice.utilisation), wait(advice.wait_s))
        words = {Outcome.REVERTED: "take it back", Outcome.KEPT: "keep it"}
        said = words.get(verdict.outcome, str(verdict.outcome))
        table.add_row(place, change, said, busy, expected[0], waits, expected[1], verdict.reason)
    Console().print(table)
