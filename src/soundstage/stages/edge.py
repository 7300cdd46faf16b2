"""Edge: caches playlists and segments, relays endless streams, signs listeners in, and logs."""

from http import HTTPStatus

from aiohttp import web

from soundstage.delivery.access_log import AccessLog
from soundstage.delivery.accounts import sign_in
from soundstage.delivery.cache import Cache
from soundstage.delivery.relay import Relay
from soundstage.pace import SEGMENT_S
from soundstage.stages.frame import Frame
from soundstage.stages.instruments import LAG
from soundstage.stages.lag import Lag
from soundstage.stages.notes import CACHE, SENT_BYTES, TRACE
from soundstage.stages.upstream import Upstream

ENDURING_TTL_S, PLAYLIST_TTL_S = 60.0, 0.5
TYPES = {
    "m4s": "audio/mp4",
    "mp4": "audio/mp4",
    "m3u8": "application/vnd.apple.mpegurl",
    "json": "application/json",
}


class Edge:
    """The routes of the edge and what it counts."""

    def __init__(self, frame: Frame) -> None:
        """Wire the cache to the stage before and the metrics to the frame."""
        self._frame, self._stage, own = frame, frame.place.name, frame.instruments
        plan, upstream = frame.plan, Upstream(frame, frame.place.upstream)
        frame.work.append(upstream.close_at_end())
        self._numbers = {programme.key: i for i, programme in enumerate(plan.programmes)}
        self._cache = Cache(upstream)
        self._relays = {p.key: Relay(p, upstream, number=i) for i, p in enumerate(plan.programmes)}
        self._lookups = own.counter("cache_requests", "Lookups in the cache.", "result")
        self._bytes = own.counter("bytes_out", "Bytes of audio handed on.", "tenant")
        self._lags = {p.key: Lag(p, period_s=SEGMENT_S) for p in plan.programmes}
        self._lag_s = own.gauge("lag_seconds", LAG, "tenant", "programme")
        if self._stage == frame.place.stage:  # of a replica it is told once somebody listens there
            for key in self._lags:
                self._tell_lag(key)
        self._log = AccessLog(
            frame.state / "log" / f"access-{self._stage}.ndjson", edge=self._stage
        )
        frame.told = self._log.write
        frame.route("/live/{tenant}/{programme}/{file}", self._serve)
        frame.route("/vod/{tenant}/{programme}/{file}", self._serve)
        frame.route("/vod/{tenant}/{programme}/{episode}/{file}", self._serve)
        frame.route("/stream/{tenant}/{programme}.ogg", self._stream)
        frame.route("/login/{tenant}", self._login, method="POST")

    def _tell_lag(self, key: str) -> None:
        tenant, _, name = key.partition("/")
        self._lag_s.labels(self._stage, tenant, name).set_function(self._lags[key].seconds)

    async def _serve(self, request: web.Request) -> web.Response:
        key, file = _key(request), request.match_info["file"]
        suffix = file.rpartition(".")[2]
        if key not in self._numbers or suffix not in TYPES:
            raise web.HTTPNotFound(text="no such programme")
        ttl_s = ENDURING_TTL_S if suffix in {"m4s", "mp4"} else PLAYLIST_TTL_S
        status, body, hit = await self._cache.get(
            request.path, ttl_s, number=self._numbers[key], trace=request.get(TRACE)
        )
        request[CACHE] = "hit" if hit else "miss"
        self._lookups.labels(self._stage, request[CACHE]).inc()
        if status == HTTPStatus.NOT_FOUND:
            raise web.HTTPNotFound(text="no such segment")
        if status != HTTPStatus.OK:
            raise web.HTTPBadGateway(text="the packager did not answer")
        if suffix == "m4s":
            self._note(key, request, len(body))
        return web.Response(body=body, content_type=TYPES[suffix])

    def _note(self, key: str, request: web.Request, size: int) -> None:
        self._bytes.labels(self._stage, request.match_info["tenant"]).inc(size)
        if "episode" not in request.match_info:
            self._lags[key].note(int(request.match_info["file"].partition("-")[0]))
            if self._stage != self._frame.place.stage:
                self._tell_lag(key)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        relay = self._relays.get(_key(request))
        if relay is None:
            raise web.HTTPNotFound(text="no such programme")
        response = await relay.serve(request, kbps=self._frame.plan.settings.ladder_kbps[0])
        self._bytes.labels(self._stage, request.match_info["tenant"]).inc(request[SENT_BYTES])
        return response

    async def _login(self, request: web.Request) -> web.Response:
        return await sign_in(request, tenants={key.partition("/")[0] for key in self._numbers})


def set_up(frame: Frame) -> None:
    """Serve listeners from the cache."""
    Edge(frame)


def _key(request: web.Request) -> str:
    return f"{request.match_info['tenant']}/{request.match_info['programme']}"
