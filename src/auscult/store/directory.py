"""Who there is, across tenants: which tenant a credential belongs to, and which tenants exist."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from auscult.kernel.errors import SettingError
from auscult.kernel.words import TenantId
from auscult.store.statements import DISPATCHER, upsert
from auscult.store.tables import credentials, tenants
from auscult.store.transaction import Transaction

TENANTS_MAX = 100_000
NAME_CHARS_MAX = 200

_C = credentials.c
_FIND = select(_C.tenant, _C.key_id, _C.role, _C.name).where(
    _C.key_hash == bindparam("key_hash"), _C.revoked_ms.is_(None)
)
_HOLDERS = select(_C.tenant).where(_C.key_id == bindparam("key_id")).order_by(_C.tenant).limit(2)
_TENANTS = select(tenants.c.tenant).order_by(tenants.c.tenant).limit(TENANTS_MAX)
_ADD = upsert(tenants, ("tenant",), ("name",))


@dataclass(frozen=True, slots=True)
class Credential:
    """What a valid API key proves: whose it is, what it may do, and the person it was named for."""

    tenant: TenantId
    key_id: str
    role: str
    name: str = ""


class Directory:
    """Lookups that happen before a tenant is known; no payload of any tenant is here."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        """Take the transaction to look in."""
        self._transaction = transaction

    def find(self, key_hash: str) -> Credential | None:
        """Return whose key this is the hash of; None for an unknown or revoked one."""
        found = self._transaction.rows(DISPATCHER, _FIND, {"key_hash": key_hash})
        if not found:
            return None
        row = found[0]
        return Credential(TenantId(row.tenant), row.key_id, row.role, row.name)

    def holders(self, key_id: str) -> list[TenantId]:
        """Return the tenant with a key of this id; two of them where that is not one alone."""
        found = self._transaction.rows(DISPATCHER, _HOLDERS, {"key_id": key_id})
        return [TenantId(row.tenant) for row in found]

    def tenants(self) -> list[TenantId]:
        """Return every tenant, sorted, `TENANTS_MAX` at most."""
        return [TenantId(row.tenant) for row in self._transaction.rows(DISPATCHER, _TENANTS)]

    def add_tenant(self, tenant: TenantId, name: str, now_ms: int) -> None:
        """Add a tenant, or rename it; raises `SettingError` for an empty or endless name."""
        if not 0 < len(tenant) <= NAME_CHARS_MAX or len(name) > NAME_CHARS_MAX:
            raise SettingError(f"a tenant has a name of 1 to {NAME_CHARS_MAX} characters")
        values = {"tenant": tenant, "name": name, "added_ms": now_ms}
        self._transaction.run(DISPATCHER, _ADD, values)
