"""What every answer carries and costs: security headers, and one count by route."""

from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auscult.runtime.metrics import Metrics

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; "
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
STATIC_CACHE = b"no-cache"
"""Static files are kept by the browser and checked by ETag, so that an update shows at once."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Answers:
    """ASGI middleware: adds the headers a route did not set, counts and times the answer."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Take the application to wrap and where to count."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, watching the start of the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began_s = perf_counter()
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                dress(message, is_static=scope["path"].startswith("/static/"))
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        finally:
            route = route_of(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.http_requests.labels(route, method, status).inc()
            if not route.endswith("/events"):  # an endless answer has no duration
                self.metrics.http_seconds.labels(route).observe(perf_counter() - began_s)


def dress(message: dict[str, Any] | Message, *, is_static: bool) -> None:
    """Add every security header that the start of an answer does not carry yet."""
    headers = message.setdefault("headers", [])
    if is_static:
        headers.append((b"cache-control", STATIC_CACHE))
    present = {name.lower() for name, _ in headers}
    headers.extend(pair for pair in _ENCODED if pair[0] not in present)


def route_of(scope: Scope) -> str:
    """Return the route's template: a metric label must not take a value from outside."""
    if scope["path"].startswith("/static/"):
        return "/static"
    return str(getattr(scope.get("route"), "path", "none"))
