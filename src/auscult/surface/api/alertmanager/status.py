"""`GET /api/v2/status` and `/receivers`."""

import yaml
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from auscult import __version__
from auscult.kernel.times import rfc3339
from auscult.surface.api.access import Reader
from auscult.surface.api.alertmanager.routes import AlertmanagerRoute
from auscult.surface.api.description import told
from auscult.surface.api.description.alerts import REFUSALS, ReceiverTold, StatusTold

EMULATED = "0.25.0"
"""The version whose interface this is: `amtool` warns where it is another than its own."""

router = APIRouter(
    prefix="/api/v2", tags=["alertmanager"], route_class=AlertmanagerRoute, responses=REFUSALS
)


@router.get("/status", responses=told(StatusTold))
async def status(ask: Reader) -> Response:
    """Return the version of the interface, and the tenant's routes for tools that evaluate them."""
    alerting = ask.engine.alerts.alerting(ask.tenant)
    original = yaml.safe_dump(alerting.as_alertmanager(), sort_keys=False, allow_unicode=True)
    build = {"revision": f"auscult {__version__}", "branch": "", "buildUser": "", "buildDate": ""}
    return JSONResponse(
        {
            "cluster": {"status": "disabled", "peers": []},
            "versionInfo": {"version": EMULATED, "goVersion": "", **build},
            "config": {"original": original},
            "uptime": rfc3339(ask.engine.alerts.started_ms),
        }
    )


@router.get("/receivers", responses=told(list[ReceiverTold]))
async def receivers(ask: Reader) -> Response:
    """Return the names that routes send to."""
    named = ask.engine.alerts.alerting(ask.tenant).receivers
    return JSONResponse([{"name": one.name} for one in named])
