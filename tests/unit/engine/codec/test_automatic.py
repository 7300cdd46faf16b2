"""What auscult does with a ladder by itself: when, from what, and only where it is allowed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from auscult.engine.codec.applying import (
    End,
    Means,
    Outcome,
    apply_ladder,
    is_ladder,
    revert_ladder,
)
from auscult.engine.codec.automatic.material import measure_audience, pick_evenly
from auscult.engine.codec.automatic.round import Round, check_leave, in_force
from auscult.engine.codec.automatic.watch import LadderWatch, Ties, is_over
from auscult.engine.codec.commands import run_command
from auscult.engine.codec.papers import propose
from auscult.engine.codec.record import STALE_S, Desk, Record, State
from auscult.engine.codec.rescue import find_orphan, rescue
from auscult.engine.codec.section import CodecSettings
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.errors import EnvelopeBroken, ReceiverRefused, SettingError, StateConflict
from auscult.kernel.findings import Finding
from auscult.kernel.words import TenantId
from auscult.performance.codec import Quality, Rung
from auscult.performance.codec.verdict import Sounding
from auscult.runtime.clock import SystemClock
from auscult.store import LadderRow, Store
from auscult.vault import Vault
from tests.unit.surface.fake_ladder import a_paper

ACME, BETA = TenantId("acme"), TenantId("beta")
STREAM = {"name": "a", "url": "http://127.0.0.1/a.m3u8", "source": "http://127.0.0.1/a.wav"}
SECTION: dict[str, Any] = {
    "ladder": ["opus:128", "opus:64"],
    "apply": ["ladder", "{rates}"],
    "streams": [STREAM],
}
BEFORE = (Sounding("a", 140.0, Quality("bands", 4.9, 4.8, 0.0)),)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"ladder": []}, "`ladder` is missing"),
        ({"ladder": ["flac:900"]}, "no codec flac"),
        ({"streams": [], "titles": "/music"}, "a change that nobody hears"),
        ({"streams": [], "apply": None}, "nothing is there to advise on"),
        ({"alow": True}, "Extra inputs"),
    ],
)
def test_a_section_that_cannot_be_is_refused(given: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        CodecSettings.model_validate(SECTION | given)


def test_leave_alone_is_a_section_and_advises_on_nothing() -> None:
    assert not CodecSettings.model_validate({"allow": True}).is_asked


def test_the_ladder_in_force_is_the_last_one_kept_until_the_operator_speaks() -> None:
    section = CodecSettings.model_validate(SECTION)
    kept = {"configured": list(section.ladder), "in_force": ["opus:96"]}
    assert in_force(section, None) == (Rung("opus", 128), Rung("opus", 64))
    assert in_force(section, kept) == (Rung("opus", 96),)
    spoken = CodecSettings.model_validate(SECTION | {"ladder": ["opus:80"]})
    assert in_force(spoken, kept) == (Rung("opus", 80),)


def test_a_ladder_is_reverted_by_the_command_that_applies_it() -> None:
    plan = a_round(consents={ACME: True}).plan()
    assert plan is not None
    assert plan.revert == ["ladder", "96,48"]
    plan.check_allowed()


def test_every_tenant_whose_stream_is_touched_must_allow_it() -> None:
    streams = [STREAM, STREAM | {"name": "b", "tenant": "beta"}]
    plan = a_round(consents={ACME: True, BETA: False}, streams=streams).plan()
    assert plan is not None
    with pytest.raises(SettingError, match="not allowed by beta"):
        plan.check_allowed()


@pytest.mark.parametrize(
    ("state", "age_s", "body", "due"),
    [
        ("kept", 3_000, {}, False),
        ("kept", 4_000, {}, True),
        ("failed", 10, {"ended": True}, True),
        ("advising", 10, {}, False),
        ("advising", STALE_S + 1, {}, True),
    ],
)
def test_a_round_is_due_after_its_time_or_when_the_last_was_none(
    state: str, age_s: float, body: dict[str, Any], *, due: bool
) -> None:
    row = LadderRow("L", state, 0, 0, body)
    assert is_over(row, int(age_s * 1_000), every_h=1.0) is due


def test_an_audience_is_the_settings_else_what_players_tell_else_assumed() -> None:
    bare = CodecSettings.model_validate(SECTION)
    given = CodecSettings.model_validate(SECTION | {"throughput_kbps": [64, 300]})
    told = np.full(100, 2_000.0)
    assert measure_audience(given, told)[0].tolist() == [64.0, 300.0]
    measured, said = measure_audience(bare, told)
    assert measured.mean() == pytest.approx(2_000, rel=0.02)
    assert "2000 kbit/s told by players" in said
    assert "assumed audience" in measure_audience(bare, told[:5])[1]


def test_titles_are_picked_over_the_whole_folder() -> None:
    files = [Path(str(one)) for one in range(100)]
    picked = [int(str(one)) for one in pick_evenly(files, 5)]
    assert picked == [0, 25, 50, 74, 99]
    assert list(pick_evenly(files[:2], 5)) == files[:2]


def test_a_ladder_is_known_by_its_rates_though_they_lie_far_from_their_names() -> None:
    heard = [Sounding("a", 75.0, None), Sounding("a", 144.0, None)]
    assert is_ladder(heard, (Rung("opus", 128), Rung("opus", 64)))
    assert not is_ladder(heard, (Rung("opus", 128),))
    assert not is_ladder(heard, (Rung("opus", 128), Rung("opus", 24)))


class Ticking:
    def __init__(self) -> None:
        self.now = 1_000_000

    def now_ms(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def desk(tmp_path: Path, clock: Ticking) -> Desk:
    store = Store.open(f"sqlite:///{tmp_path}/auscult.db")
    store.migrate()

    async def write(job: Callable[[Any], Any]) -> Any:
        with store.write() as work:
            return job(work)

    return Desk(write, Vault.open(tmp_path / "data"), clock.now_ms, "auscult")


async def on_trial(desk: Desk, ladder_id: str = "L1") -> Record:
    """Return a ladder that is on trial, as far as the record goes."""
    record = await Record.open(desk, ACME, new_id=ladder_id, touched=(ACME, BETA))
    paper = a_paper("one")
    await record.propose(paper, audience="a few")
    proposal, plan = propose(paper), a_round(consents={}).plan()
    assert proposal is not None
    assert plan is not None
    undo = {"revert": ["false"], "settle_s": 0.0}
    await record.begin(proposal, plan.model_copy(update=undo), BEFORE)
    return record


async def test_a_trial_is_nobodys_once_it_is_not_touched_and_one_finder_gets_it(
    desk: Desk, clock: Ticking
) -> None:
    record = await on_trial(desk)
    assert await find_orphan(desk, ACME) is None
    with pytest.raises(StateConflict, match="L1 is on trial"):
        await Record.open(desk, ACME, new_id="L2", touched=())
    clock.now += int(STALE_S * 1_000) + 1
    found = await find_orphan(desk, ACME)
    assert found is not None
    assert (found.row.id, found.touched) == ("L1", (ACME, BETA))
    assert await find_orphan(desk, ACME) is None
    assert record.row.state == State.ON_TRIAL


async def test_what_cannot_be_taken_back_is_stuck_and_keeps_its_undo(
    desk: Desk, clock: Ticking
) -> None:
    await on_trial(desk)
    clock.now += int(STALE_S * 1_000) + 1
    found = await find_orphan(desk, ACME)
    assert found is not None
    outcome = await rescue(found, means_that_hear(BEFORE))
    assert outcome.end == "stuck"
    assert "reverting failed" in outcome.said
    assert await desk.write(lambda work: work.of(ACME).ladders.undo("L1"))
    rows = await desk.write(lambda work: work.of(BETA).audit.of("ladder"))
    assert [one.action for one in rows] == ["codec.applying", "codec.stuck"]
    said = [one.detail["sentence"] for one in rows]
    assert said[-1] == "a ladder your streams share is stuck", "and nothing of whose it is"


async def test_an_undo_that_the_vault_did_not_seal_is_never_run(desk: Desk, clock: Ticking) -> None:
    record = await on_trial(desk)
    foreign = desk.vault.seal(b"{}", about="beta/ladder/L1")
    await desk.write(lambda work: work.of(ACME).ladders.set_undo("L1", foreign))
    with pytest.raises(EnvelopeBroken):
        record.open_undo(foreign)
    clock.now += int(STALE_S * 1_000) + 1
    found = await find_orphan(desk, ACME)
    assert found is not None
    outcome = await rescue(found, means_that_hear(BEFORE))
    assert outcome.end == "stuck"
    assert "cannot be read" in outcome.said


def means_that_hear(heard: tuple[Sounding, ...]) -> Any:
    async def listen(_plan: object, _measure: str) -> list[Sounding]:
        return list(heard)

    class Nowhere:
        async def begin(self, *_: object) -> None:
            raise AssertionError

        async def end(self, _outcome: Outcome) -> None:
            raise AssertionError

    return Means(listen, Nowhere(), lambda _text: None)


def a_round(consents: dict[TenantId, bool], **changed: Any) -> Round:
    return Round(
        tenant=ACME,
        section=CodecSettings.model_validate(SECTION | changed),
        in_force=(Rung("opus", 96), Rung("opus", 48)),
        told_kbps=np.empty(0),
        consents=lambda: consents,
        is_acting=lambda: True,
        scratch=Path("nowhere"),
    )


async def test_a_person_is_told_of_a_stuck_ladder_once_and_of_its_end(
    desk: Desk, tmp_path: Path
) -> None:
    told: list[Finding] = []
    plans = Plans({ACME: TenantPlan(ACME)})
    watch = LadderWatch(desk, plans, clock=SystemClock(), scratch=tmp_path)

    async def look(state: State, name: str = "L1") -> list[tuple[str, str]]:
        row = LadderRow(name, state, int(name[1:]), desk.now_ms(), {"why": "reverting failed"})
        await desk.write(lambda work: work.of(ACME).ladders.put(row))
        ties = Ties(read=desk.write, reading=None, is_acting=lambda: True, report=told.extend)  # type: ignore[arg-type]  # nothing is due
        watch.start(ties)
        await asyncio.sleep(0.2)
        await watch.stop()
        return [(one.phase.value, one.severity.value) for one in told]

    assert await look(State.KEPT) == []
    assert await look(State.STUCK) == [("firing", "critical")]
    assert await look(State.STUCK) == [("firing", "critical")]
    assert await look(State.FAILED, "L2") == [("firing", "critical")], "nothing was proved by it"
    assert "reverting failed" in told[0].evidence.sentence
    assert (await look(State.REVERTED, "L3"))[1:] == [("cleared", "critical")]


async def test_what_breaks_at_one_tenant_stops_no_other(desk: Desk, tmp_path: Path) -> None:
    looked: list[TenantId] = []

    class Breaking(LadderWatch):
        async def _look(self, plan: TenantPlan, *_: Any, **__: Any) -> None:
            looked.append(plan.tenant)
            raise OSError("no room on the disk")

    plans = Plans({one: TenantPlan(one) for one in (ACME, BETA)})
    watch = Breaking(desk, plans, clock=SystemClock(), scratch=tmp_path)
    watch.start(Ties(read=desk.write, reading=None, is_acting=lambda: True, report=print))  # type: ignore[arg-type]  # nothing is due
    await asyncio.sleep(0.2)
    await watch.stop()
    assert looked == [ACME, BETA]


async def test_a_trial_of_a_tenant_that_is_configured_no_more_is_taken_back(
    desk: Desk, clock: Ticking, tmp_path: Path
) -> None:
    await on_trial(desk)
    clock.now += int(STALE_S * 1_000) + 1
    watch = LadderWatch(desk, Plans({}), clock=SystemClock(), scratch=tmp_path)
    watch.start(Ties(read=desk.write, reading=None, is_acting=lambda: True, report=print))  # type: ignore[arg-type]  # nothing is due
    await asyncio.sleep(0.3)
    await watch.stop()
    (row,) = await desk.write(lambda work: work.of(ACME).ladders.recent(5))
    assert row.state == State.STUCK
    assert "reverting failed" in row.body["why"], "its command to revert was run"


async def test_leave_that_is_withdrawn_during_a_round_counts(desk: Desk, clock: Ticking) -> None:
    del clock
    leave = {ACME: True}
    around = a_round(consents=leave)
    plan = around.plan()
    assert plan is not None
    record = await Record.open(desk, ACME, new_id="L1", touched=(ACME,))
    proposal = propose(a_paper("one"))
    assert proposal is not None

    async def listen(_plan: object, _measure: str) -> list[Sounding]:
        leave[ACME] = False
        return [replace(BEFORE[0], kbps=140.0), replace(BEFORE[0], kbps=75.0)]

    means = Means(listen, record, lambda _text: None, partial(check_leave, around))
    plan = plan.model_copy(update={"ladder": ("opus:128", "opus:64"), "apply": ["false"]})
    with pytest.raises(SettingError, match="not allowed by acme"):
        await apply_ladder(proposal, plan, means)
    assert record.row.state == State.ADVISING, "nothing was changed"


async def test_a_stop_in_the_middle_of_a_revert_waits_until_it_is_undone(
    desk: Desk, tmp_path: Path
) -> None:
    record, undone = await on_trial(desk), tmp_path / "undone"
    plan = a_round(consents={ACME: True}).plan()
    assert plan is not None
    plan = plan.model_copy(update={"revert": ["sh", "-c", f"sleep 0.5; touch {undone}"]})
    so_far = Outcome(End.REVERTED, "worse than promised", None, BEFORE, ())
    means = replace(means_that_hear(BEFORE), journal=record)
    reverting = asyncio.create_task(revert_ladder(so_far, plan, means, measure="bands"))
    await asyncio.sleep(0.1)
    reverting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reverting
    assert undone.exists()
    assert record.row.state == State.REVERTED
    assert "stopped before it was heard again" in record.row.body["why"]


async def test_what_a_slow_command_has_begun_ends_with_it(tmp_path: Path) -> None:
    late = tmp_path / "late"
    with pytest.raises(ReceiverRefused, match="did not end within"):
        await run_command(["sh", "-c", f"(sleep 1; touch {late}) & wait"], 0.3)
    await asyncio.sleep(1.3)
    assert not late.exists()


async def test_a_command_is_not_given_what_is_auscults_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUSCULT_MASTER_KEY", "secret")
    monkeypatch.setenv("PLATFORM_TOKEN", "theirs")
    said = tmp_path / "said"
    words = 'echo "${AUSCULT_MASTER_KEY-none} ${PLATFORM_TOKEN-none}" > "$0"'
    await run_command(["sh", "-c", words, str(said)], 5)
    assert said.read_text().split() == ["none", "theirs"]
