"""The pages, rendered on the server: incidents, series, traces, stages, codecs, coverage, login."""

from auscult.surface.web import errors, explore, pages, session, story
from auscult.surface.web.errors import answer_anyone
from auscult.surface.web.oncall import pages as oncall
from auscult.surface.web.performance import ladders, standing, traces
from auscult.surface.web.vendor import STATIC

ROUTERS = tuple(
    room.router
    for room in (session, pages, story, oncall, explore, traces, standing, ladders, errors)
)

__all__ = ["ROUTERS", "STATIC", "answer_anyone"]
