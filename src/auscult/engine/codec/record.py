"""What becomes of a ladder, on record: durable before anything is changed, and sealed by the vault.

A ladder is one row of the tenant it belongs to, and its deeds are rows in the audit log of every
tenant whose streams it touches, written in the same transaction. While it is worked on, the row is
touched every `BEAT_S`: one that was not for `STALE_S` belongs to a process that is gone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from auscult.engine.codec.applying import End, Outcome, spell
from auscult.engine.codec.hearing import read_sounding, write_soundings
from auscult.engine.codec.papers import Proposal
from auscult.engine.codec.plan import ChangePlan
from auscult.kernel.errors import CapacityError, StateConflict, StoreError
from auscult.kernel.words import TenantId
from auscult.performance.codec.verdict import Sounding, expect_saving
from auscult.runtime.logging import logger
from auscult.store import LadderRow

if TYPE_CHECKING:
    from auscult.store import Work
    from auscult.vault import Vault

ABOUT = "ladder"
BEAT_S = 5.0
STALE_S = 30.0
LADDERS_KEPT = 50
DEEDS_MAX = 40
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("why", "audience", "measure"), ""),
    **dict.fromkeys(("deeds", "ladder", "advised", "before", "after"), ()),
    **dict.fromkeys(("worst_score", "expected_share", "saved_share")),
}
"""What every ladder says, from its beginning on."""

CARRIED = frozenset({"configured", "in_force"})
"""What a new ladder takes over from the one before: which one is in force, by whose word."""

SENTENCE_CHARS_MAX = 300

log = logger("engine.codec")


class State(StrEnum):
    """Where a ladder stands; what is `ADVISING` or `ON_TRIAL` is being worked on.

    A `PROPOSED` one is advised and not tried: its `why` says what is in the way.
    """

    ADVISING = "advising"
    PROPOSED = "proposed"
    ON_TRIAL = "on trial"
    KEPT = "kept"
    REVERTED = "reverted"
    STUCK = "stuck"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether somebody is at it, or was when the process was killed."""
        return self in {State.ADVISING, State.ON_TRIAL}


Write = Callable[[Callable[["Work"], Any]], Awaitable[Any]]
"""Does a job in one write transaction; it is durable when this returns."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where records are kept, and who keeps them."""

    write: Write
    vault: "Vault"
    now_ms: Callable[[], int]
    actor: str


@dataclass(frozen=True, slots=True)
class Undo:
    """How a ladder that was on trial is taken back, and what it was like before."""

    plan: ChangePlan
    measure: str
    before: tuple[Sounding, ...]


@dataclass(slots=True)
class Record:
    """One ladder's row. touched: the tenants whose streams it changes, its owner among them."""

    desk: Desk
    tenant: TenantId
    touched: tuple[TenantId, ...]
    row: LadderRow
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A beat must not say what is not durable yet."""

    @classmethod
    async def open(
        cls, desk: Desk, tenant: TenantId, *, new_id: str, touched: Sequence[TenantId]
    ) -> Self:
        """Begin a ladder; raises `StateConflict` while another of this tenant is open."""
        now_ms = desk.now_ms()
        others = [one for one in dict.fromkeys(touched) if one != tenant]
        body = {**EMPTY, "touched": others}
        row = LadderRow(new_id, State.ADVISING, now_ms, now_ms, body)

        def write(work: "Work") -> None:
            rows = work.of(tenant)
            known = rows.ladders.recent(LADDERS_KEPT)
            for name in CARRIED & set(known[0].body if known else ()):
                row.body[name] = known[0].body[name]
            for one in known:
                if one.state == State.ON_TRIAL or (
                    one.state == State.ADVISING and not is_stale(one, now_ms)
                ):
                    raise StateConflict(f"the ladder {one.id} is {one.state}")
                if one.state == State.ADVISING:
                    why = {"why": "the process that advised was ended"}
                    rows.ladders.put(replace(one, state=State.FAILED, body=one.body | why))
            work.directory.add_tenant(tenant, tenant, now_ms)
            rows.ladders.put(row)
            rows.ladders.forget(LADDERS_KEPT)

        await desk.write(write)
        return cls(desk, tenant, (tenant, *others), row)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep the row from looking like nobody's while the block runs."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()

    async def propose(self, paper: dict[str, Any], *, audience: str) -> None:
        """Keep the advice; the row stays open."""
        ladder = [f"{one['codec']}:{one['nominal_kbps']}" for one in paper.get("ladder", [])]
        self.tell(
            advised=ladder,
            audience=audience,
            measure=paper.get("measure", ""),
            titles=len(paper.get("titles", [])),
            worst_score=min((one["worst_score"] for one in paper.get("ladder", [])), default=None),
            saved_titles_share=paper.get("saved_share"),
        )
        said = f"{', '.join(ladder)} advised for {audience}" if ladder else "no ladder is advised"
        text = json.dumps(paper)
        await self._save("codec.advised", said, then=lambda work: self._keep_advice(work, text))

    async def close(self, state: State, why: str) -> None:
        """End it without a trial."""
        self.tell(why=why[:SENTENCE_CHARS_MAX])
        await self._save(f"codec.{state}", why, state=state)

    async def begin(self, proposal: Proposal, plan: ChangePlan, before: Sequence[Sounding]) -> None:
        """Put on record that the ladder is about to change, and how it goes back."""
        promise = proposal.promise
        self.tell(
            advised=[f"{one.codec}:{one.nominal_kbps}" for one in proposal.rungs],
            ladder=list(plan.ladder),
            measure=promise.measure,
            before=write_soundings(before),
            worst_score=round(min(promise.worst_scores), 4),
            expected_share=round(
                expect_saving(before, proposal.real_kbps, promise.throughput_kbps), 4
            ),
        )
        envelope = self._seal_undo(Undo(plan, promise.measure, tuple(before)))
        said = f"{spell(proposal.rungs)} on trial"
        await self._save(
            "codec.applying",
            said,
            state=State.ON_TRIAL,
            then=lambda work: work.of(self.tenant).ladders.set_undo(self.row.id, envelope),
        )

    async def end(self, outcome: Outcome) -> None:
        """Put on record how a trial ended; what is stuck keeps its undo."""
        if outcome.end is End.KEPT:
            self.tell(in_force=self.row.body["advised"])
        self.tell(why=outcome.said[:SENTENCE_CHARS_MAX], after=write_soundings(outcome.after))
        if outcome.verdict is not None:
            self.tell(
                before_kbps=round(outcome.verdict.before_kbps, 1),
                after_kbps=round(outcome.verdict.after_kbps, 1),
                saved_share=round(outcome.verdict.saved_share, 4),
            )

        def forget_undo(work: "Work") -> None:
            if outcome.end is not End.STUCK:
                work.of(self.tenant).ladders.set_undo(self.row.id, "")

        state = State(outcome.end)
        await self._save(f"codec.{state}", outcome.said, state=state, then=forget_undo)

    def _seal_undo(self, undo: Undo) -> str:
        said = {
            "plan": undo.plan.model_dump(mode="json"),
            "measure": undo.measure,
            "before": write_soundings(undo.before),
        }
        return self.desk.vault.seal(json.dumps(said).encode(), about=self._about())

    def open_undo(self, envelope: str) -> Undo:
        """Return how it is taken back; raises `EnvelopeBroken` where the vault did not seal it."""
        said = json.loads(self.desk.vault.unseal(envelope, about=self._about()))
        before = tuple(read_sounding(one) for one in said["before"])
        return Undo(ChangePlan.model_validate(said["plan"]), said["measure"], before)

    def tell(self, **figures: Any) -> None:  # noqa: ANN401  # whatever JSON holds
        """Say more of it; saved with the next deed."""
        self.row = replace(self.row, body={**self.row.body, **figures})

    def _about(self) -> str:
        return f"{self.tenant}/ladder/{self.row.id}"

    def _put(self, work: "Work", *, row: LadderRow) -> None:
        work.of(self.tenant).ladders.put(row)

    def _keep_advice(self, work: "Work", text: str) -> None:
        work.of(self.tenant).ladders.set_advice(self.row.id, text)

    async def _save(
        self,
        action: str,
        sentence: str,
        *,
        state: State | None = None,
        then: Callable[["Work"], None] = lambda _work: None,
    ) -> None:
        """Make a deed durable; the row has its new state once that is so, and not before."""
        now_ms, sentence = self.desk.now_ms(), sentence[:SENTENCE_CHARS_MAX]
        deeds = [*self.row.body["deeds"], [now_ms, action, sentence]][-DEEDS_MAX:]
        self.tell(deeds=deeds)
        row = replace(self.row, updated_ms=now_ms, state=state or self.row.state)
        shown = ("advised", "before_kbps", "after_kbps", "expected_share")
        whole = {"ladder": row.id, "sentence": sentence}
        whole |= {name: row.body[name] for name in shown if row.body.get(name)}
        # Whose streams it touches learns that, and nothing of the owner's titles and figures.
        outline = {"ladder": row.id, "sentence": f"a ladder your streams share is {row.state}"}
        told = self.touched if row.body.get("before") else (self.tenant,)

        def write(work: "Work") -> None:
            work.of(self.tenant).ladders.put(row)
            then(work)
            for tenant in told:
                detail = whole if tenant == self.tenant else outline
                work.directory.add_tenant(tenant, tenant, now_ms)
                work.of(tenant).audit.append(
                    at_ms=now_ms, actor=self.desk.actor, action=action, about=ABOUT, detail=detail
                )

        async with self._turn:
            await self.desk.write(write)
            self.row = row

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                async with self._turn:
                    self.row = replace(self.row, updated_ms=self.desk.now_ms())
                    await self.desk.write(partial(self._put, row=self.row))
            except (StoreError, CapacityError) as why:
                log.warning("a ladder on trial waits for the store", why=str(why))


def is_stale(row: LadderRow, now_ms: int) -> bool:
    """Whether nobody touched a row for longer than whoever works on it would leave it."""
    return now_ms - row.updated_ms > STALE_S * 1_000


def is_orphan(row: LadderRow, now_ms: int) -> bool:
    """Whether it is a trial that nobody works on any more: it has to be taken back."""
    return row.state == State.ON_TRIAL and is_stale(row, now_ms)
