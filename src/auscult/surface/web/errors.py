"""Errors for people: a page that says what happened and what to do next."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from auscult.kernel.errors import AuscultError, CredentialMissing
from auscult.surface.api.errors import answer_error, from_framework, headers_of, status_of
from auscult.surface.web.render import is_partial, render
from auscult.surface.web.session import to_login
from auscult.surface.web.vendor import STATIC

router = APIRouter(include_in_schema=False)
_MACHINE_PATHS = (
    *("/api/", "/v1/", "/v2/", "/-/", "/healthz", "/readyz", "/metrics", "/static/", "/events"),
)

ADVICE = {
    400: "The address of this page asks for something that is not taken here; mend it, or go back.",
    403: "Ask whoever runs auscult for you to give your key a role that may do this.",
    404: "It may have been removed, or it belongs to a tenant your key is not for.",
    408: "The connection was too slow. Try again.",
    503: "Nothing was lost. Try again in a few seconds.",
}


@router.get("/favicon.ico")
async def give_icon() -> Response:
    """Return the mark that stands in the browser's tab."""
    return FileResponse(
        STATIC / "mark.svg", media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
    )


async def answer_anyone(request: Request, error: Exception) -> Response:
    """Answer an error as JSON to machines, as a page to people."""
    known = from_framework(error) or error
    code = known.code if isinstance(known, AuscultError) else "unexpected"
    if request.url.path.startswith(_MACHINE_PATHS) or request.url.path.endswith((".json", ".csv")):
        return await answer_error(request, error)
    if isinstance(known, CredentialMissing) and not is_partial(request):
        return to_login(request)
    if not isinstance(known, AuscultError):
        status = getattr(error, "status_code", 500)
        return _page(request, status, {"message": "That did not work", "detail": "", "code": code})
    said = {"message": known.message, "detail": known.detail, "code": known.code}
    answer = _page(request, status_of(known), said)
    answer.headers.update(headers_of(known))
    return answer


def _page(request: Request, status: int, said: dict[str, str]) -> Response:
    advice = ADVICE.get(status, "The log of auscult says more.")
    return render(request, "error.html", status=status, advice=advice, number=status, **said)
