"""The audit log of one tenant: append-only, every row sealed by the hash of the one before.

A row's hash is SHA-256 over the previous hash and the row's canonical JSON. The head (how many
rows, and the last hash) is a row of its own, locked and moved in the same transaction, so that
writers form one chain and a cut tail shows. The head carries a seal: HMAC-SHA-256 (RFC 2104) by a
sub-key of the vault, which is not in the database. What that finds, of somebody who may write to
the database and lacks the vault:

- rows changed, taken out or added, with the head and every hash computed anew: no valid seal. A
  head without one is never sealed by a later row, so it stays found until a person accepts it.
- rows and head both gone, while the tenant has incidents, runs, keys or secrets.

What it does not find: a database put back as it once was, head and seal included; a log that was
wiped and has since begun anew; and anything by one who has the vault. Those show only against a
head (rows and hash) that was noted elsewhere: `prove(noted)`.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, bindparam, exists, insert, literal, or_, select, update

from auscult.kernel.errors import AuditBroken, BodyTooLarge
from auscult.store.slice import Slice, at_most, plain
from auscult.store.statements import insert_new
from auscult.store.tables import audit, audit_heads, credentials, incidents, runs, secrets

GENESIS = "0" * 64
WORD_CHARS_MAX = 300
DETAIL_CHARS_MAX = 1 << 16
VERIFY_ROWS = 1_000

_A = audit.c
_OWN = _A.tenant == bindparam("own")
_COLUMNS = (_A.seq, _A.at_ms, _A.actor, _A.action, _A.about, _A.detail, _A.hash)
_APPEND = insert(audit)
_H = audit_heads.c
_HEAD = select(_H.rows, _H.hash, _H.seal).where(_H.tenant == bindparam("own"))
_HEAD_LOCKED = _HEAD.with_for_update()
_BEGIN = insert_new(audit_heads, ("tenant",))
_MOVE_HEAD = (
    update(audit_heads)
    .where(_H.tenant == bindparam("own"))
    .values(rows=bindparam("new_rows"), hash=bindparam("new_hash"), seal=bindparam("new_seal"))
)
_AUDITED = (incidents, runs, credentials, secrets)
"""Tables whose rows come with an audit row in the same transaction."""
_ANY_AUDITED = select(literal(1)).where(
    or_(*(exists().where(table.c.tenant == bindparam("own")) for table in _AUDITED))
)
_NEWEST = select(*_COLUMNS).where(_OWN).order_by(_A.seq.desc()).limit(bindparam("limit"))
_OF = _NEWEST.where(_A.about == bindparam("about"))
_DONE = (
    select(*_COLUMNS)
    .where(
        _OWN,
        _A.action == bindparam("action"),
        _A.at_ms >= bindparam("since_ms"),
        _A.seq > bindparam("last"),
    )
    .order_by(_A.seq)
    .limit(bindparam("limit"))
)
_BEFORE = _NEWEST.where(_A.seq < bindparam("cursor"))
_AFTER = (
    select(*_COLUMNS).where(_OWN, _A.seq > bindparam("last")).order_by(_A.seq).limit(VERIFY_ROWS)
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that was done; `hash` seals it and all before it (64 hexadecimal digits)."""

    seq: int
    at_ms: int
    actor: str
    action: str
    about: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How many rows a log has and the last one's hash; noted elsewhere, it pins down them all."""

    rows: int
    hash: str

    def __str__(self) -> str:
        """Return `ROWS:HASH`, as it is noted."""
        return f"{self.rows}:{self.hash}"


@dataclass(frozen=True, slots=True)
class _Held:
    """The head as this transaction holds it."""

    rows: int
    hash: str
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Audit rows, the newest first, and the cursor of the next page (None on the last)."""

    rows: list[AuditRow]
    next: int | None


class AuditRows:
    """The audit log of one tenant."""

    __slots__ = ("_head", "_slice", "_unwritten")

    def __init__(self, piece: Slice) -> None:
        """Take the tenant's slice of the transaction."""
        self._slice = piece
        self._unwritten: list[dict[str, Any]] = []
        self._head: _Held | None = None
        piece.transaction.unwritten.append(self)

    def append(
        self, *, at_ms: int, actor: str, action: str, about: str, detail: dict[str, Any]
    ) -> None:
        """Record that something was done; written with the commit of what it records.

        Raises `BodyTooLarge` when `detail` is longer than `DETAIL_CHARS_MAX` as JSON.
        """
        text = json.dumps(detail, sort_keys=True, separators=(",", ":"), default=str)
        if len(text) > DETAIL_CHARS_MAX:
            raise BodyTooLarge(f"an audit detail of {len(text)} characters")
        words = {"actor": actor, "action": action, "about": about}
        cut = {name: plain(word)[:WORD_CHARS_MAX] for name, word in words.items()}
        self._unwritten.append({"at_ms": at_ms, **cut, "detail": text})

    def of(self, about: str, limit: int = 500) -> list[AuditRow]:
        """Return the newest rows about one object, the oldest of them first."""
        self.write()
        found = self._slice.rows(_OF, about=about, limit=at_most(limit))
        return [_read(row) for row in reversed(found)]

    def done(
        self, action: str, since_ms: int, *, after: int = 0, limit: int = 500
    ) -> list[AuditRow]:
        """Return the rows of one action since a time, the oldest first, behind the one `after`."""
        self.write()
        found = self._slice.rows(
            _DONE, action=action, since_ms=since_ms, last=after, limit=at_most(limit)
        )
        return [_read(row) for row in found]

    def page(self, cursor: int | None = None, limit: int = 50) -> AuditPage:
        """Return a page of the whole log, the newest first; the cursor is a row's `seq`."""
        self.write()
        wanted = at_most(limit)
        if cursor is None:
            found = self._slice.rows(_NEWEST, limit=wanted + 1)
        else:
            below = max(0, min(cursor, 2**62))
            found = self._slice.rows(_BEFORE, cursor=below, limit=wanted + 1)
        rows = [_read(row) for row in found[:wanted]]
        return AuditPage(rows, rows[-1].seq if len(found) > len(rows) > 0 else None)

    def verify(self) -> int:
        """Check the whole chain and return its rows; raises `AuditBroken` naming the row."""
        return self.prove().rows

    def prove(self, noted: AuditHead | None = None) -> AuditHead:
        """Check the whole chain and return its head; raises `AuditBroken` naming the row.

        Finds a changed row, a missing one, one put in between, a cut tail, a head that the vault
        did not seal (where its key is at hand), a lost log, and a chain without the noted head.
        """
        self.write()
        head = self._slice.first(_HEAD)
        rows, last = 0, GENESIS
        for seq, content, sealed in self._sealed_rows():
            rows += 1
            if seq != rows:
                raise AuditBroken(f"row {rows} is missing")
            last = seal(last, content)
            if last != sealed:
                raise AuditBroken(f"row {seq} was changed")
            if noted and rows == noted.rows and last != noted.hash:
                raise AuditBroken(f"row {seq} is another than the noted one")
        if (rows, last) != ((head.rows, head.hash) if head else (0, GENESIS)):
            known = head.rows if head else 0
            raise AuditBroken(f"row {min(rows, known) + 1}: {rows} rows, the head knows {known}")
        if noted and rows < noted.rows:
            raise AuditBroken(f"row {rows + 1} is missing: {rows} rows, {noted.rows} were noted")
        if rows == 0 and self._slice.first(_ANY_AUDITED) is not None:
            raise AuditBroken("row 1: the log is gone, the tenant's other rows are not")
        if head is not None and self._key and not self._is_sealed(head):
            raise AuditBroken(f"row {rows}: the head has no seal of this vault")
        return AuditHead(rows, last)

    def reseal(self) -> None:
        """Accept the chain as it is: what is appended next in this transaction is sealed again."""
        self.write()
        self._head = replace(self._head or self._lock_head(), is_sealed=True)

    def _sealed_rows(self) -> Iterator[tuple[int, dict[str, Any], str]]:
        last = -(2**62)
        while found := self._slice.rows(_AFTER, last=last):
            for row in found:
                content = dict(row._mapping)  # noqa: SLF001  # public, in spite of its name
                yield row.seq, {**content, "tenant": self._slice.tenant}, row.hash
            last = found[-1].seq

    def write(self) -> None:
        """Chain and insert what was appended, under the lock of the tenant's head."""
        if not self._unwritten:
            return
        head = self._head or self._lock_head()
        seq, last = head.rows, head.hash
        rows = []
        for content in self._unwritten:
            seq += 1
            last = seal(last, {**content, "seq": seq, "tenant": self._slice.tenant})
            rows.append({**content, "seq": seq, "hash": last})
        self._slice.run_many(_APPEND, rows)
        proof = self._seal(seq, last) if head.is_sealed else ""
        self._slice.run(_MOVE_HEAD, new_rows=seq, new_hash=last, new_seal=proof)
        self._head = _Held(seq, last, head.is_sealed)
        self._unwritten = []

    def _lock_head(self) -> _Held:
        """Lock the head; insert it first where it is missing, for two may race for that."""
        head = self._slice.first(_HEAD_LOCKED)
        if head is None:
            self._slice.run(_BEGIN, rows=0, hash=GENESIS, seal=self._seal(0, GENESIS))
            head = self._slice.first(_HEAD_LOCKED)
        if head is None:
            raise AuditBroken("the head of the chain cannot be read")
        return _Held(head.rows, head.hash, self._is_sealed(head))

    @property
    def _key(self) -> bytes:
        return self._slice.transaction.audit_key

    def _seal(self, rows: int, last: str) -> str:
        """Return the seal of a head, empty where the vault is not at hand."""
        return seal_head(self._key, self._slice.tenant, rows=rows, last=last) if self._key else ""

    def _is_sealed(self, head: Row[Any]) -> bool:
        made = self._seal(head.rows, head.hash)
        return bool(made) and hmac.compare_digest(made.encode(), head.seal.encode())

    def forget(self) -> None:
        """Drop what was appended in a savepoint that is undone."""
        self._unwritten, self._head = [], None


def seal(before: str, content: dict[str, Any]) -> str:
    """Return the hash of a row: SHA-256 over the hash before it and its canonical JSON.

    `content` is {seq, tenant, at_ms, actor, action, about, detail}, detail as stored (JSON text).
    """
    named = {name: content[name] for name in sorted(content) if name != "hash"}
    canonical = json.dumps(named, sort_keys=True, separators=(",", ":"))
    return sha256(f"{before}\n{canonical}".encode()).hexdigest()


def seal_head(key: bytes, tenant: str, *, rows: int, last: str) -> str:
    """Return the seal of a head: HMAC-SHA-256 over whose it is, its rows and the last hash."""
    text = f"audit head\n{tenant}\n{rows}\n{last}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _read(row: Row[Any]) -> AuditRow:
    return AuditRow(
        seq=row.seq,
        at_ms=row.at_ms,
        actor=row.actor,
        action=row.action,
        about=row.about,
        detail=json.loads(row.detail),
        hash=row.hash,
    )
