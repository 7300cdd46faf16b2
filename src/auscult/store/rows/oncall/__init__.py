"""What a tenant's people are called for, who took over from whom, and calendars of others."""

from auscult.store.rows.oncall.calendars import CalendarRows
from auscult.store.rows.oncall.pages import PageRows
from auscult.store.rows.oncall.takeovers import TakeoverRows

__all__ = ["CalendarRows", "PageRows", "TakeoverRows"]
