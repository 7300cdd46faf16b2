"""What one transaction offers: a tenant's rows, queue, directory, replicas, savepoints."""

from contextlib import AbstractContextManager

from auscult.kernel.words import TenantId
from auscult.store.directory import Directory
from auscult.store.queue import Queue
from auscult.store.replicas import Replicas
from auscult.store.rows import TenantRows
from auscult.store.transaction import Transaction


class Work:
    """One transaction, which may serve several tenants one after the other."""

    __slots__ = ("_rows", "_transaction", "directory", "queue", "replicas")

    def __init__(self, transaction: Transaction) -> None:
        """Take the transaction that all of this happens in."""
        self._transaction = transaction
        self._rows: dict[TenantId, TenantRows] = {}
        self.queue = Queue(transaction)
        self.replicas = Replicas(transaction)
        self.directory = Directory(transaction)

    def of(self, tenant: TenantId) -> TenantRows:
        """Return a tenant's rows; raises `CredentialMissing` for an empty name."""
        rows = self._rows.get(tenant)
        if rows is None:
            rows = self._rows[tenant] = TenantRows(self._transaction, tenant)
        return rows

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what the block did, and only that, when it raises."""
        return self._transaction.savepoint()
