"""Logging in: a key becomes a sealed cookie; on a loopback server no key is asked."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from auscult.kernel.errors import CredentialMissing, PermissionMissing
from auscult.surface.api.access import (
    SESSION_COOKIE,
    Ask,
    engine_of,
    identify,
    loopback_caller,
    refuse_foreign_origin,
    start_session,
)
from auscult.surface.api.limits import read_form
from auscult.surface.api.queries import Query, read_query
from auscult.surface.web.render import render

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303


class LoginQuery(Query):
    """Where to go after logging in."""

    next: str = "/"


async def _visitor(request: Request) -> Ask:
    """Return who looks at a page; raises `CredentialMissing`, which becomes the login page."""
    try:
        caller = await identify(request)
    except CredentialMissing:
        local = loopback_caller(request)
        if local is None or "authorization" in request.headers:
            raise
        caller = local
    if caller.role == "writer":
        raise PermissionMissing("a writer's key may only write samples; pages need a member's key")
    request.state.caller = caller
    return Ask(request, caller, engine_of(request))


Visitor = Annotated[Ask, Depends(_visitor)]
"""Anyone who may see the tenant's pages."""


@router.get("/login")
async def show_login(request: Request) -> Response:
    """Show the form."""
    query = read_query(request, LoginQuery)
    return render(request, "login.html", next=own_path(query.next), wrong="")


@router.post("/login")
async def log_in(request: Request) -> Response:
    """Take a key, give a session; a wrong key stays on the page and says so."""
    refuse_foreign_origin(request)
    form = await read_form(request)
    goal = own_path(form.get("next", "/"))
    key = form.get("key", "").strip()
    try:
        await engine_of(request).authenticate(key)
    except CredentialMissing:
        return render(
            request, "login.html", status=401, next=goal, wrong="This key is not known here."
        )
    answer = RedirectResponse(goal, SEE_OTHER)
    start_session(engine_of(request), answer, key, secure=request.url.scheme == "https")
    return answer


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session in this browser."""
    refuse_foreign_origin(request)
    answer = RedirectResponse("/login", SEE_OTHER)
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer


def own_path(wanted: str) -> str:
    """Return a path of this site; anything that could lead elsewhere becomes `/`."""
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable():
        return wanted
    return "/"


def to_login(request: Request) -> Response:
    """Send a browser to the login page and back again afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    goal = here if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={quote(goal, safe='')}", SEE_OTHER)
