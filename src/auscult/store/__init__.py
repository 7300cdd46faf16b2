"""Rows on SQLite or PostgreSQL: transactions, claims, timers, audit chain and migrations."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auscult.store.directory import Credential, Directory
    from auscult.store.queue import Claim, Queue
    from auscult.store.rows import IncidentFilter, KeyRow, LadderRow, TenantRows
    from auscult.store.store import Store
    from auscult.store.work import Work

_HOMES = {
    "Store": "store",
    "Work": "work",
    **dict.fromkeys(("Claim", "Queue"), "queue"),
    **dict.fromkeys(("Credential", "Directory"), "directory"),
}

__all__ = [
    "Claim", "Credential", "Directory", "IncidentFilter", "KeyRow", "LadderRow", "Queue",
    "Store", "TenantRows", "Work",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the name stands for
    """Import SQLAlchemy only when the store is used, not when its name is (PEP 562)."""
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'rows')}"), name)
