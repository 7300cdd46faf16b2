"""The outbox of one tenant: a wish is a row, its turn is a row of the queue, both in one commit."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Row,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)

from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.errors import StateConflict
from auscult.store.rows.outbox.related import PENDING, RelatedEffects, read_effect
from auscult.store.slice import Slice, at_most, bounded
from auscult.store.statements import insert_new, names, naming
from auscult.store.tables import effects
from auscult.store.turns import Lease, Turns

UNSENT_MAX = 1_001
NEVER_IN_VAIN = -1_000_000
"""What a message has that a person sends again: it is sent, whatever the incident has become."""


_C = effects.c
_OWN = _C.tenant == bindparam("own")


_WHOLE = select(_C.body, _C.state, _C.attempts, _C.last_reason, _C.updated_ms, _C.in_vain)
_WISH_ALL = insert_new(effects, ("tenant", "key"))
_WISH = _WISH_ALL.returning(_C.key)
_THERE = naming(lambda among: select(_C.key).where(_OWN, among(_C.key, "some")))
_STATE = select(_C.state).where(_OWN, _C.key == bindparam("key"))
_ROWS = naming(lambda among: _WHOLE.where(_OWN, among(_C.key, "some")))
_OF = (
    _WHOLE.where(_OWN, _C.incident == bindparam("incident"))
    .order_by(_C.due_ms, _C.key)
    .limit(bindparam("limit"))
)
_OF_GROUPS = (
    _WHOLE.where(
        _OWN,
        _C.kind == EffectKind.NOTIFY.value,
        _C.due_ms.between(bindparam("since_ms"), bindparam("until_ms")),
        _C.body.like('%"alerts":{%'),
        _C.key > bindparam("after"),
    )
    .order_by(_C.key)
    .limit(bindparam("limit"))
)
"""Messages that hold alerts: in any other's body the key has no object, and in no text a quote."""
_SETTLE = (
    update(effects)
    .where(_OWN, _C.key == bindparam("of_key"), _C.state == PENDING)
    .values(
        state=bindparam("new_state"),
        attempts=_C.attempts + 1,
        in_vain=_C.in_vain + bindparam("vain"),
        last_reason=bindparam("reason"),
        updated_ms=bindparam("at_ms"),
    )
)
_KEEP = (
    update(effects)
    .where(_OWN, _C.key == bindparam("of_key"), _C.state == PENDING)
    .values(body=bindparam("new_body"), left_by=bindparam("by"))
)
_POSTPONE = (
    update(effects)
    .where(_OWN, _C.key == bindparam("of_key"), _C.state == PENDING, _C.attempts == 0)
    .values(due_ms=bindparam("due"), updated_ms=bindparam("due"), body=bindparam("new_body"))
)
_WITHDRAW = delete(effects).where(
    _OWN, _C.key == bindparam("of_key"), _C.state == PENDING, _C.attempts == 0
)
_DROP = delete(effects).where(_OWN, _C.key == bindparam("of_key"), _C.state == PENDING)
_GIVEN_UP = (
    _WHOLE.where(_OWN, _C.state == Result.REFUSED.value, _C.kind == EffectKind.NOTIFY.value)
    .order_by(_C.updated_ms.desc(), _C.key)
    .limit(bindparam("limit"))
)
_REVIVE = (
    update(effects)
    .where(
        _OWN,
        _C.key == bindparam("of_key"),
        _C.state == Result.REFUSED.value,
        _C.kind == EffectKind.NOTIFY.value,
    )
    .values(
        state=PENDING,
        attempts=0,
        in_vain=NEVER_IN_VAIN,
        due_ms=bindparam("due"),
        updated_ms=bindparam("due"),
        body=bindparam("new_body"),
    )
)
_UNSENT = select(func.count()).select_from(
    select(literal_column("1"))
    .where(_OWN, literal_column("state = 'pending'"))
    .limit(UNSENT_MAX)
    .subquery()
)


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect and how it fares: `state` is `pending`, `done` or `refused`.

    `in_vain` are the attempts that surely reached nobody.
    """

    effect: Effect
    state: str
    attempts: int
    last_reason: str
    updated_ms: int
    in_vain: int = 0

    @property
    def is_sent_again(self) -> bool:
        """Whether a person has it sent again, whatever has become of its incident."""
        return self.in_vain < 0


class EffectRows(RelatedEffects):
    """The effects of one tenant."""

    __slots__ = ("_ready", "_settled", "_turns")

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        super().__init__(piece)
        self._turns = Turns(piece, "effect")
        self._ready: dict[str, EffectRow] = {}
        self._settled: set[str] = set()

    def wish(self, effect: Effect) -> bool:
        """Write a wish and queue it; False, and nothing written, when its key was wished before."""
        self._slice.check_own(effect.tenant)
        if not self._rows(_WISH, **_written(effect)):
            return False
        self._turns.give(effect.key, effect.due_ms)
        return True

    def wish_all(self, wishes: Iterable[Effect], lease: Lease | None = None) -> list[Effect]:
        """Write many wishes and queue them; return those whose key was not wished before.

        The first of these are claimed in this very commit, as many as a lease allows.
        """
        given: dict[str, Effect] = {}
        for effect in wishes:
            self._slice.check_own(effect.tenant)
            given.setdefault(effect.key, effect)
        there = self._rows(_THERE, some=names(given)) if given else ()
        for row in there:
            del given[row.key]
        self._slice.run_many(_WISH_ALL, [_written(effect) for effect in given.values()])
        most = lease.most if lease else 0
        for number, effect in enumerate(given.values()):
            self._turns.give(effect.key, effect.due_ms, lease if number < most else None)
        return list(given.values())

    def get(self, key: str) -> Effect | None:
        """Return a wish, settled or not."""
        found = self.row(key)
        return None if found is None else found.effect

    def row(self, key: str) -> EffectRow | None:
        """Return a wish and how it fares."""
        return self._ready.pop(key, None) or self.rows([key]).get(key)

    def rows(self, keys: Collection[str]) -> dict[str, EffectRow]:
        """Return those of the named wishes that are there and how they fare, by key."""
        if not self._settled.isdisjoint(keys):
            self._slice.write(effects)
        found = map(_read, self._slice.rows(_ROWS, some=names(keys)))
        return {row.effect.key: row for row in found}

    def make_ready(self, keys: Collection[str]) -> None:
        """Read at once what will be asked for one by one, each once: a question costs more."""
        self._ready |= self.rows(keys)

    def settle(self, outcome: Outcome, *, retry_at_ms: int | None = None) -> bool:
        """Write down how an attempt ended; False when the effect is unknown or settled already.

        `done` and `refused` end it; `retry` gives it a new turn at `retry_at_ms`, which it needs.
        """
        found = self._first(_STATE, key=outcome.key)
        if found is None or found.state != PENDING:
            return False
        self.settle_pending(outcome, retry_at_ms=retry_at_ms)
        return True

    def settle_pending(self, outcome: Outcome, *, retry_at_ms: int | None = None) -> None:
        """Do the same for an effect that was read as pending in this transaction.

        It is written with the commit: how a hundred attempts ended is one statement.
        """
        again = outcome.result is Result.RETRY
        if again and retry_at_ms is None:
            raise StateConflict("a retry needs the time of the next attempt")
        self._forget(outcome.key)
        self._settled.add(outcome.key)
        self._slice.later(
            effects,
            _SETTLE,
            of_key=outcome.key,
            new_state=PENDING if again else outcome.result.value,
            vain=int(outcome.reached_nobody),
            reason=outcome.reason,
            at_ms=outcome.at_ms,
        )
        if retry_at_ms is not None and again:
            self._turns.move(outcome.key, retry_at_ms)
        else:
            self._turns.end(outcome.key)

    def keep(self, effect: Effect, *, left_by: str = "") -> None:
        """Write a wish that is not settled anew, with what an attempt left for the next one.

        `left_by` names the channel that left something for what is to be told later.
        """
        self._slice.check_own(effect.tenant)
        self._forget(effect.key)
        self._slice.write(effects)
        body = bounded(effect.model_dump_json())
        self._slice.run(_KEEP, of_key=effect.key, new_body=body, by=left_by)

    def put_off(self, key: str, until_ms: int) -> None:
        """Let go of a claim without an attempt: what must come first is not done yet."""
        self._turns.put_back(key, until_ms)

    def postpone(self, effect: Effect, due_ms: int) -> None:
        """Let a wish that was not attempted yet be due at another time, as if wished for then."""
        self._slice.check_own(effect.tenant)
        self._forget(effect.key)
        self._slice.write(effects)
        later = effect.model_copy(update={"due_ms": due_ms})
        body = bounded(later.model_dump_json())
        if self._slice.run(_POSTPONE, of_key=effect.key, due=due_ms, new_body=body).rowcount:
            self._turns.give(effect.key, due_ms)

    def withdraw(self, keys: Iterable[str]) -> None:
        """Take back wishes that were not attempted yet; they can be wished anew."""
        self._slice.write(effects)
        for key in keys:
            if self._slice.run(_WITHDRAW, of_key=key).rowcount:
                self._turns.end(key)

    def of(self, incident_id: str, limit: int = 500) -> list[EffectRow]:
        """Return an incident's effects in the order they became due."""
        found = self._rows(_OF, incident=incident_id, limit=at_most(limit))
        return [_read(row) for row in found]

    def of_groups(
        self, since_ms: int, until_ms: int, *, after: str = "", limit: int = 500
    ) -> list[EffectRow]:
        """Return messages about groups of alerts due in a span, by key, behind the one `after`."""
        found = self._rows(
            _OF_GROUPS, since_ms=since_ms, until_ms=until_ms, after=after, limit=at_most(limit)
        )
        return [_read(row) for row in found]

    def drop(self, keys: Iterable[str]) -> None:
        """Take back wishes that are not settled, attempted or not; they can be wished anew."""
        self._slice.write(effects)
        for key in keys:
            self._forget(key)
            if self._slice.run(_DROP, of_key=key).rowcount:
                self._turns.end(key)

    def given_up(self, limit: int) -> list[EffectRow]:
        """Return messages that were refused or given up, the last ones first."""
        return [_read(row) for row in self._rows(_GIVEN_UP, limit=at_most(limit))]

    def revive(self, effect: Effect) -> bool:
        """Queue a message anew that was given up, as it is written here; False for any other."""
        self._slice.check_own(effect.tenant)
        self._forget(effect.key)
        self._slice.write(effects)
        changed = self._slice.run(
            _REVIVE,
            of_key=effect.key,
            due=effect.due_ms,
            new_body=bounded(effect.model_dump_json()),
        )
        if changed.rowcount == 0:
            return False
        self._turns.give(effect.key, effect.due_ms)
        return True

    def unsent_count(self) -> int:
        """Return how many wishes are not settled; `UNSENT_MAX` means that many or more."""
        found = self._first(_UNSENT)
        return 0 if found is None else int(found[0])

    def _forget(self, key: str) -> None:
        """Let a wish that is about to change be read anew."""
        self._ready.pop(key, None)


def _written(effect: Effect) -> dict[str, Any]:
    says = str(effect.payload.get("kind", "")) if effect.kind is EffectKind.NOTIFY else ""
    return {
        "key": effect.key,
        "kind": effect.kind.value,
        "incident": effect.incident,
        "due_ms": effect.due_ms,
        "state": PENDING,
        "attempts": 0,
        "last_reason": "",
        "updated_ms": effect.due_ms,
        "body": bounded(effect.model_dump_json()),
        "channel": effect.to,
        "says": says,
        "left_by": "",
    }


def _read(row: Row[Any]) -> EffectRow:
    return EffectRow(
        effect=read_effect(row.body),
        state=row.state,
        attempts=row.attempts,
        last_reason=row.last_reason,
        updated_ms=row.updated_ms,
        in_vain=row.in_vain,
    )
