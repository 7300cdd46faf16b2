"""The rows of one tenant, one file for each noun; nothing here sees another tenant's."""

from auscult.store.rows.keys import KeyRow
from auscult.store.rows.ladders import LadderRow
from auscult.store.rows.listing import IncidentFilter
from auscult.store.rows.tenant import TenantRows

__all__ = ["IncidentFilter", "KeyRow", "LadderRow", "TenantRows"]
