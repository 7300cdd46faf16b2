"""Bounds on what a request may bring: bytes, and the time it may take to bring them.

The body is counted while it is read, so neither a missing nor a lying Content-Length helps, and a
client that sends one byte a second (slow loris) is let go after `BODY_S`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auscult.kernel.errors import AuscultError, BodyMalformed, BodyTooLarge, BodyTooSlow
from auscult.surface.api.errors import answer

SMALL_BODY_BYTES = 64 * 1024
"""Enough for every form and every JSON request; only sample receivers get more."""
BODY_S = 30.0
FORM_FIELDS_MAX = 20
HEAR_OUT_S, HEAR_OUT_BYTES = 1.0, 32 << 20


class BodyBound:
    """ASGI middleware that refuses a declared body above `SMALL_BODY_BYTES` before reading it."""

    def __init__(self, app: ASGIApp, *, large: frozenset[str], under: str = "") -> None:
        """Take the paths that bound their bodies themselves, and what one may begin with."""
        self.app = app
        self.large = large
        self.under = under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with a `receive` that keeps counting."""
        if scope["type"] != "http" or self._bounds_itself(scope["path"]):
            await self.app(scope, receive, send)
            return
        try:
            refuse_declared(Request(scope), SMALL_BODY_BYTES)
        except AuscultError as refused:
            await answer(refused)(scope, receive, send)
            return
        await self.app(scope, bounded(receive, SMALL_BODY_BYTES), send)

    def _bounds_itself(self, path: str) -> bool:
        return path in self.large or (bool(self.under) and path.startswith(self.under))


def bounded(receive: Receive, limit_bytes: int) -> Receive:
    """Return a `receive` that raises `BodyTooLarge` or `BodyTooSlow` in the middle of a body."""
    seen = 0
    ends_s: float | None = None

    async def receive_bounded() -> Message:
        nonlocal seen, ends_s
        message = await (receive() if seen < 0 else _within(receive, ends_s))
        if message["type"] != "http.request":
            return message
        ends_s = ends_s or asyncio.get_running_loop().time() + BODY_S
        seen += len(message.get("body", b""))
        if seen > limit_bytes:
            raise BodyTooLarge(f"more than {limit_bytes} bytes")
        if not message.get("more_body"):
            seen = -1  # what follows is only the news that the client has gone: no limit on that
        return message

    return receive_bounded


async def _within(receive: Callable[[], Awaitable[Message]], ends_s: float | None) -> Message:
    """Receive in this task: `wait_for` would start one for every chunk."""
    try:
        async with asyncio.timeout_at(ends_s or asyncio.get_running_loop().time() + BODY_S):
            return await receive()
    except TimeoutError:
        raise BodyTooSlow(f"not complete within {BODY_S:g} s") from None


def refuse_declared(request: Request, limit_bytes: int) -> None:
    """Raise `BodyTooLarge` for a Content-Length above the limit, before reading anything."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal():
        raise BodyMalformed(f"Content-Length {declared[:20]!r} is not a number")
    if int(declared) > limit_bytes:
        raise BodyTooLarge(f"{declared} bytes; the limit is {limit_bytes}")


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the whole body; raises `BodyTooLarge`, `BodyTooSlow`, `BodyMalformed`."""
    try:
        refuse_declared(request, limit_bytes)
    except BodyTooLarge:
        await _hear_out(request)
        raise
    bound = Request(request.scope, bounded(request.receive, limit_bytes))
    try:
        return b"".join([chunk async for chunk in bound.stream()])
    except ClientDisconnect:
        raise BodyMalformed("the client went away in the middle of it") from None


async def _hear_out(request: Request) -> None:
    """Read a refused body that ends soon: who is cut off while sending hears no answer."""
    heard = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(HEAR_OUT_S):
            async for chunk in request.stream():
                heard += len(chunk)
                if heard > HEAR_OUT_BYTES:
                    return


async def read_form(request: Request) -> dict[str, str]:
    """Return a small urlencoded form's fields, the last of each name; raises `BodyMalformed`."""
    body = await read_body(request, SMALL_BODY_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError as wrong:
        raise BodyMalformed(str(wrong)) from None
    return dict(pairs)
