"""The pages, rendered on the server: incident list, incident, series, traces, coverage, login."""

from auscult.surface.web import errors, explore, pages, session, story, traces
from auscult.surface.web.errors import answer_anyone
from auscult.surface.web.vendor import STATIC

ROUTERS = tuple(room.router for room in (session, pages, story, explore, traces, errors))

__all__ = ["ROUTERS", "STATIC", "answer_anyone"]
