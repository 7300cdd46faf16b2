"""The pages, rendered on the server: incidents, series, traces, stages, codecs, coverage, login."""

from auscult.surface.web import errors, explore, messages, pages, session, story, why
from auscult.surface.web.errors import answer_anyone
from auscult.surface.web.performance import ladders, standing, traces
from auscult.surface.web.vendor import STATIC

_INCIDENTS = (session, pages, story, why, messages)
_SIGNALS = (explore, traces, standing, ladders)
ROUTERS = tuple(room.router for room in (*_INCIDENTS, *_SIGNALS, errors))

__all__ = ["ROUTERS", "STATIC", "answer_anyone"]
