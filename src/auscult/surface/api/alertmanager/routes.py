"""The route of what Alertmanager's clients ask: errors are said in the form they can read."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from auscult.kernel.errors import (
    AccessError,
    AuscultError,
    CapacityError,
    CredentialMissing,
    ObjectMissing,
    StoreUnavailable,
)
from auscult.surface.api.errors import answer
from auscult.surface.api.routes import DirectRoute


class AlertmanagerRoute(DirectRoute):
    """A `DirectRoute` that says what is wrong with a request as 400 and a JSON string."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers one request."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except (CapacityError, CredentialMissing, StoreUnavailable) as why:
                return answer(why)  # with Retry-After, or how to log in
            except ObjectMissing:
                return Response(status_code=404)
            except AccessError as why:
                return JSONResponse(str(why), 403)
            except AuscultError as why:
                return JSONResponse(why.detail or str(why), 400)

        return told
