"""Who is on call: schedules and escalation levels, as pure calendars."""

from auscult.notification.oncall.duty import Duty, Shift, on_call, shifts
from auscult.notification.oncall.handover import handover_message, next_handover_ms
from auscult.notification.oncall.ical import read_calendar, write_calendar
from auscult.notification.oncall.notices import Notice, gaps, overlaps
from auscult.notification.oncall.people import Person, Team, names_of
from auscult.notification.oncall.policy import Policy, default_policy, plan
from auscult.notification.oncall.resolve import Page, Staff, missing, resolve
from auscult.notification.oncall.schedule import Schedule
from auscult.notification.oncall.section import OnCall

__all__ = [
    "Duty",
    "Notice",
    "OnCall",
    "Page",
    "Person",
    "Policy",
    "Schedule",
    "Shift",
    "Staff",
    "Team",
    "default_policy",
    "gaps",
    "handover_message",
    "missing",
    "names_of",
    "next_handover_ms",
    "on_call",
    "overlaps",
    "plan",
    "read_calendar",
    "resolve",
    "shifts",
    "write_calendar",
]
