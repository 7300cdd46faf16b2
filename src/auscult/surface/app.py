"""The one ASGI application: API, pages and static files, with the bounds that hold for all."""

from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from auscult import __version__
from auscult.kernel.errors import AuscultError
from auscult.surface import api, web
from auscult.surface.answers import Answers
from auscult.surface.api.alertmanager import BODIES as ALERT_BODIES
from auscult.surface.api.delivery.returning import PREFIX as CHANNELS_PATH
from auscult.surface.api.description import ALWAYS, complete, refusing
from auscult.surface.api.events import Seats
from auscult.surface.api.limits import BodyBound
from auscult.surface.api.pagerduty import BODIES as EVENT_BODIES
from auscult.surface.api.telemetry import BODIES
from auscult.surface.api.write import PATH as WRITE_PATH
from auscult.surface.facade import Engine


def create_app(engine: Engine) -> FastAPI:
    """Return the application that shows the given engine; it starts and stops nothing."""
    app = FastAPI(
        title="auscult",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=refusing(*ALWAYS),
    )
    app.openapi = partial(complete, app)  # type: ignore[method-assign]  # how FastAPI is extended
    app.state.engine = engine
    app.state.seats = Seats(engine.settings.limits.live_clients)
    app.state.verifying = set()
    for router in (*api.ROUTERS, *web.ROUTERS):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=web.STATIC), name="static")
    for kind in (AuscultError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, web.answer_anyone)
    large = BODIES | ALERT_BODIES | EVENT_BODIES | {WRITE_PATH}
    app.add_middleware(BodyBound, large=large, under=CHANNELS_PATH)
    app.add_middleware(Answers, metrics=engine.metrics)
    return app
