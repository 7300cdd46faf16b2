"""Calendars in and out: a foreign iCalendar becomes a layer, a schedule becomes an iCalendar."""

from auscult.notification.oncall.ical.reading import Reading, read_calendar
from auscult.notification.oncall.ical.writing import write_calendar

__all__ = ["Reading", "read_calendar", "write_calendar"]
