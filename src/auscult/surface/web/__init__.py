"""The pages, rendered on the server: incident list, incident, series, coverage, login."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from auscult.surface.web import errors, explore, pages, session
from auscult.surface.web.vendor import STATIC

__all__ = ["mount"]

answer_anyone = errors.answer_anyone


def mount(app: FastAPI) -> None:
    """Put the pages and their static files on an application."""
    for room in (session, pages, explore, errors):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
