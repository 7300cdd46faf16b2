"""What a tenant's people are called for."""

from auscult.store.rows.oncall.pages import PageRows

__all__ = ["PageRows"]
