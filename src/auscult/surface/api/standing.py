"""How auscult itself stands: coverage, audit, settings, who the caller is."""

from typing import Any

from fastapi import APIRouter

from auscult.kernel.errors import QueryUnknown, StateConflict
from auscult.kernel.words import PLATFORM, TenantId
from auscult.runtime.settings import Settings, effective_tree, locate
from auscult.surface.api.access import Admin, Caller, Reader
from auscult.surface.api.description import told
from auscult.surface.api.description.standing import (
    AuditPage,
    AuditVerified,
    Coverage,
    Ladders,
    Me,
    Monitors,
    Reloaded,
    SettingsTold,
)
from auscult.surface.api.queries import Nothing, PageQuery, documented
from auscult.surface.readings import as_dict, read_ladders

router = APIRouter(prefix="/api/v1")


@router.get("/me", tags=["access"], responses=told(Me))
async def tell_me(ask: Reader) -> dict[str, str]:
    """Return whose credential this is and what it may do."""
    ask.query(Nothing)
    return {"tenant": ask.tenant, "key_id": ask.caller.key_id, "role": ask.caller.role}


@router.get("/coverage", tags=["coverage"], responses=told(Coverage))
async def cover(ask: Reader) -> dict[str, Any]:
    """Return how many series are in which state, and how each source fares."""
    ask.query(Nothing)
    return ask.engine.coverage(ask.tenant)


@router.get("/performance", tags=["performance"], responses=told(Monitors))
async def tell_performance(ask: Reader) -> dict[str, Any]:
    """Return how stages and programmes stand now, by monitor; null where nothing tells.

    `pipeline`: each service's rate, failures, own time, load, and the ways between services.
    `latency`: each programme's lateness by tap and stage, and how its plays go, with their score.
    """
    ask.query(Nothing)
    return {"monitors": await ask.engine.standing(ask.tenant)}


@router.get("/codec", tags=["codec"], responses=told(Ladders))
async def tell_ladders(ask: Reader) -> dict[str, Any]:
    """Return the tenant's last codec ladders, the newest first, and the newest advice as a whole.

    `state` is advising, proposed, on trial, kept, reverted, stuck or failed, and `why` says what is
    in the way or what was heard. `advice` is what `auscult codec advise --json` writes; null where
    nothing was advised yet.
    """
    ask.query(Nothing)
    return await read_ladders(ask.engine, ask.tenant)


@router.get(
    "/audit", tags=["audit"], openapi_extra=documented(PageQuery), responses=told(AuditPage)
)
async def page_audit(ask: Reader) -> dict[str, Any]:
    """Return one page of the tenant's audit log."""
    query = ask.query(PageQuery)
    if query.cursor and not query.cursor.isdecimal():
        raise QueryUnknown(f"cursor {query.cursor!r} is not one of ours")
    cursor = int(query.cursor) if query.cursor else None

    def look(work: Any) -> Any:  # noqa: ANN401
        return work.of(ask.tenant).audit.page(cursor=cursor, limit=query.limit)

    page = await ask.engine.read(look)
    return {"rows": [as_dict(row) for row in page.rows], "next": page.next}


@router.get("/audit/verify", tags=["audit"], responses=told(AuditVerified, 409, 500))
async def verify_audit(ask: Admin) -> dict[str, Any]:
    """Check the tenant's audit chain from its first row; 500 `store.audit_broken` names the row.

    It reads every row there is, so it is for admins, one at a time: 409 while another one runs.
    """
    ask.query(Nothing)
    verifying: set[TenantId] = ask.request.app.state.verifying
    if ask.tenant in verifying:
        raise StateConflict("the audit chain is being checked already")
    verifying.add(ask.tenant)
    try:
        rows = await ask.engine.read(lambda work: work.of(ask.tenant).audit.verify())
    finally:
        verifying.discard(ask.tenant)
    return {"verified": True, "rows": rows}


@router.get("/settings", tags=["settings"], responses=told(SettingsTold))
async def show_settings(ask: Reader) -> dict[str, Any]:
    """Return the tenant's own effective settings; secrets are never in it."""
    ask.query(Nothing)
    return {"settings": visible_settings(ask.engine.settings, ask.caller)}


@router.post("/settings/reload", tags=["settings"], responses=told(Reloaded, 409, 422))
async def reload_settings(ask: Admin) -> dict[str, Any]:
    """Take the settings file anew; a wrong one changes nothing (422 with file:line:column)."""
    ask.query(Nothing)
    changes = await ask.engine.reload(by=ask.caller.name)
    return {
        "changes": [change._asdict() for change in changes if is_visible(change.path, ask.caller)]
    }


def visible_settings(settings: Settings, caller: Caller) -> list[dict[str, Any]]:
    """Return every value the caller may see, with the place it comes from; no secrets."""
    return [
        {"path": one.path, "value": plain(one.value), "origin": locate(one.origin)}
        for one in effective_tree(settings)
        if is_visible(one.path, caller)
    ]


def is_visible(path: str, caller: Caller) -> bool:
    """Say whether a setting is the caller's: its tenant's, or the platform's for its admins."""
    if path.startswith(f"tenants.{caller.tenant}."):
        return True
    return caller.tenant == PLATFORM and caller.role == "admin"


def plain(value: object) -> object:
    """Return a setting as JSON can say it."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)
