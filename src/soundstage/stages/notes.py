"""What a handler notes on a request for the frame around it."""

from aiohttp import web

from soundstage.tracing import Context

SENT_BYTES = web.RequestKey("sent_bytes", int)
"""Bytes of a body that went out piece by piece; such a request's duration is no latency."""

CACHE = web.RequestKey("cache", str)
"""``hit`` or ``miss``."""

TRACE: web.RequestKey[Context] = web.RequestKey("trace", Context)
"""The span of the request, for requests that are made for its sake."""
