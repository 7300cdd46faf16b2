"""The one ASGI application: API, pages and static files, with the bounds that hold for all."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auscult import __version__
from auscult.kernel.errors import AuscultError
from auscult.surface import api, web
from auscult.surface.api.limits import BodyBound
from auscult.surface.api.write import PATH as WRITE_PATH
from auscult.surface.facade import Engine

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def create_app(engine: Engine) -> FastAPI:
    """Return the application that shows the given engine; it starts and stops nothing."""
    app = FastAPI(
        title="auscult",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.engine = engine
    app.include_router(api.router)
    app.include_router(api.root)
    web.mount(app)
    for kind in (AuscultError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, web.answer_anyone)
    refused = Counter(
        "auscult_http_refused",
        "Requests refused, by error code",
        ["code"],
        registry=engine.metrics,
    )
    app.state.count_refused = lambda code: refused.labels(code).inc()
    app.add_middleware(BodyBound, large=frozenset({WRITE_PATH}), count=app.state.count_refused)
    app.add_middleware(SecurityHeaders)
    return app


class SecurityHeaders:
    """ASGI middleware: every answer carries the headers unless its route said otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the application to wrap."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, adding headers to the start of the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in _ENCODED if pair[0] not in present)
            await send(message)

        await self.app(scope, receive, send_secured)
