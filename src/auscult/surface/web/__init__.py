"""The pages, rendered on the server: incidents, series, traces, stages, codecs, coverage, login."""

from auscult.surface.web import errors, explore, messages, pages, session, story
from auscult.surface.web.errors import answer_anyone
from auscult.surface.web.oncall import pages as oncall
from auscult.surface.web.performance import ladders, standing, traces
from auscult.surface.web.vendor import STATIC
from auscult.surface.web.why import pages as why

_INCIDENTS = (session, pages, story, why, messages, oncall)
_SIGNALS = (explore, traces, standing, ladders)
ROUTERS = tuple(room.router for room in (*_INCIDENTS, *_SIGNALS, errors))

__all__ = ["ROUTERS", "STATIC", "answer_anyone"]
