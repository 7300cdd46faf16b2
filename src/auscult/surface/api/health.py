"""What orchestrators and Prometheus ask: alive? ready? which figures?"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.words import PLATFORM
from auscult.surface.api.access import engine_of, identify, is_local, refuse_foreign_site

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def tell_alive() -> dict[str, str]:
    """Answer while the event loop turns."""
    return {"status": "alive"}


@router.get("/readyz")
async def tell_ready(request: Request) -> JSONResponse:
    """Answer 200 when requests can be served well, else 503 with a word for each part."""
    parts = engine_of(request).readiness()
    if parts.get("ready"):
        return JSONResponse(parts)
    return JSONResponse(parts, 503, {"Retry-After": "2"})


@router.api_route("/-/healthy", methods=["GET", "HEAD"])
async def tell_healthy() -> Response:
    """Answer as Prometheus and Alertmanager do, for whoever looks after those."""
    return PlainTextResponse("OK")


@router.api_route("/-/ready", methods=["GET", "HEAD"])
async def tell_ready_as_they_do(request: Request) -> Response:
    """Answer 200 when requests can be served well, else 503."""
    ready = bool(engine_of(request).readiness().get("ready"))
    return PlainTextResponse("OK" if ready else "not ready", 200 if ready else 503)


@router.get("/metrics")
async def show_metrics(request: Request) -> Response:
    """Return auscult's own metrics; only the platform may see them.

    They tell of every tenant together. On a loopback server no key is asked of what comes from
    this machine; elsewhere one of the tenant `platform`.
    """
    engine = engine_of(request)
    if is_local(request):
        refuse_foreign_site(request)
    elif (await identify(request)).tenant != PLATFORM:
        raise ObjectMissing("metrics belong to the platform")
    text, media_type = engine.metrics.render(request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": media_type})
