"""A tenant's slice of a transaction: it puts the tenant into every statement it runs.

Inserts get it as the column `tenant`; everything else names it `bindparam("own")`, for SQLAlchemy
would take a value called `tenant` for one more column to set.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, Delete, Insert, Row, Table, Update
from sqlalchemy.sql import Executable

from auscult.kernel.errors import BodyTooLarge, CredentialMissing, ObjectMissing
from auscult.kernel.words import TenantId
from auscult.store.statements import APP_ROLE, RECORD, Either, Hat
from auscult.store.transaction import Transaction

TENANT_CHARS_MAX = 200
BODY_CHARS_MAX = 1 << 20
LIMIT_MAX = 1_000


class Slice:
    """Runs statements for one tenant, with `tenant` bound to it whatever the caller passes."""

    __slots__ = ("_hat", "tenant", "transaction")

    def __init__(self, transaction: Transaction, tenant: TenantId) -> None:
        """Take a named tenant; raises `CredentialMissing` for an empty or endless name."""
        if not 0 < len(tenant) <= TENANT_CHARS_MAX:
            raise CredentialMissing("rows belong to a named tenant")
        self.transaction = transaction
        self.tenant = tenant
        self._hat: Hat = (APP_ROLE, str(tenant))

    def run(self, statement: Executable | Either, **values: Any) -> CursorResult[Any]:  # noqa: ANN401  # column values
        """Execute with the tenant and the given values bound."""
        return self.transaction.run(self._hat, statement, self._own(statement, values))

    def run_many(self, statement: Executable | Either, values: Sequence[dict[str, Any]]) -> None:
        """Execute once for each set of values; nothing for none."""
        if values:
            own = self._own(statement, {})
            rows = [one | own for one in values]
            self.transaction.run(self._hat, statement, rows)

    def later(self, table: Table, statement: Either | Update | Delete, **values: Any) -> None:  # noqa: ANN401
        """Write a row when its table is next read here, or with the commit."""
        row = self._own(statement, values)
        self.transaction.later.add(table.name, self._hat, statement=statement, row=row)

    def write(self, table: Table) -> None:
        """Write what was left for later in a table that is about to be read or changed."""
        self.transaction.later.write(table.name, self._hat)

    def rows(self, statement: Executable | Either, **values: Any) -> Sequence[Row[Any]]:  # noqa: ANN401
        """Execute and fetch everything."""
        return self.transaction.rows(self._hat, statement, self._own(statement, values))

    def first(self, statement: Executable | Either, **values: Any) -> Row[Any] | None:  # noqa: ANN401
        """Execute and fetch the first row, None where there is none."""
        found = self.rows(statement, **values)
        return found[0] if found else None

    def texts(self, statement: Either, **values: Any) -> list[str]:  # noqa: ANN401
        """Return the texts of a statement made by `in_one_row`."""
        found = self.rows(statement, **values)
        return found[0][0].split(RECORD) if found and found[0][0] is not None else []

    def check_own(self, tenant: TenantId) -> None:
        """Raise `ObjectMissing` for a word of another tenant: it has no place among these rows."""
        if tenant != self.tenant:
            raise ObjectMissing("these rows belong to another tenant")

    def _own(self, statement: Executable | Either, values: dict[str, Any]) -> dict[str, Any]:
        spelled = statement.sqlite if isinstance(statement, Either) else statement
        name = "tenant" if isinstance(spelled, Insert) else "own"
        return {**values, name: self.tenant}


def bounded(body: str) -> str:
    """Return a body that may be stored; raises `BodyTooLarge`."""
    if len(body) > BODY_CHARS_MAX:
        raise BodyTooLarge(f"a row of {len(body)} characters; at most {BODY_CHARS_MAX}")
    return body


def plain(text: str) -> str:
    """Return a text for a searchable column: PostgreSQL holds no NUL, so it becomes U+FFFD."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def at_most(limit: int) -> int:
    """Return a limit between 0 and `LIMIT_MAX`."""
    return max(0, min(limit, LIMIT_MAX))
