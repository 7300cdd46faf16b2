"""`/api/v1/oncall`: who is on call and why, shifts and calendars, and taking over."""

from auscult.surface.api.oncall import overrides, schedules

ROUTERS = (schedules.router, overrides.router)

__all__ = ["ROUTERS"]
