"""The rows of one tenant, one file for each noun; nothing here sees another tenant's."""

from auscult.store.rows.audit import AuditPage, AuditRow
from auscult.store.rows.effects import EffectRow
from auscult.store.rows.incidents import IncidentFilter, Page
from auscult.store.rows.keys import KeyRow
from auscult.store.rows.tenant import TenantRows

__all__ = ["AuditPage", "AuditRow", "EffectRow", "IncidentFilter", "KeyRow", "Page", "TenantRows"]
