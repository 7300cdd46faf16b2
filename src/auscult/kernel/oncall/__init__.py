"""Words about being on call that are kept as rows: who took over, and what a calendar said."""

from auscult.kernel.oncall.calendar import CalendarCopy
from auscult.kernel.oncall.takeover import Takeover

__all__ = ["CalendarCopy", "Takeover"]
