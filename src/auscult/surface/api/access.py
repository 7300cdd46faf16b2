"""Who is asking: a bearer key, a page session, or (on loopback alone) nobody in particular.

The tenant always comes from the credential. `X-Scope-OrgID` may confirm it; where it names another
tenant the answer is the 404 of an object that is not there.
"""

import hmac
import json
from base64 import b64decode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from auscult.kernel.errors import (
    CredentialMissing,
    ObjectMissing,
    PermissionMissing,
    VaultError,
)
from auscult.kernel.words import TenantId
from auscult.surface.api.queries import Q, read_query
from auscult.surface.facade import Engine

SESSION_COOKIE = "auscult_session"
SESSION_S = 12 * 3600
CALENDAR = "calendar"
"""The role of keys that stand in addresses, and so in other programs' settings and logs."""
_SEALED_ABOUT = "page session"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
TAKE_PASSWORDS = ("/api/v2/", "/api/v1/alertmanager", "/v2/enqueue")
"""Paths of other products, whose clients know Basic authentication (RFC 7617)."""
_FORWARDERS = frozenset({"forwarded", "via", "x-real-ip"})
"""Headers by which a proxy says that it is one, beside all that begin with `x-forwarded-`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A checked credential: whose data may be seen, and what may be done with it."""

    tenant: TenantId
    key_id: str
    role: str
    how: str
    """`key`, `session` or `loopback`."""
    person: str = ""
    """Whom the key was named for; empty where nobody was."""

    @property
    def name(self) -> str:
        """The actor in the audit log and the timeline: the person, where one is known."""
        return self.person or f"{self.tenant}/{self.key_id}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request by a checked caller, with the engine it goes to."""

    request: Request
    caller: Caller
    engine: Engine

    @property
    def tenant(self) -> TenantId:
        """Whose data may be seen: the credential's word, never the request's."""
        return self.caller.tenant

    def query(self, kind: type[Q]) -> Q:
        """Return the parameters as the given kind; raises `QueryUnknown`."""
        return read_query(self.request, kind)


def engine_of(request: Request) -> Engine:
    """Return the engine this app was made for."""
    engine: Engine = request.app.state.engine
    return engine


async def identify(request: Request) -> Caller:
    """Return who sent a bearer key or a page session; raises `CredentialMissing`.

    Where Alertmanager's clients ask the key may be the password of Basic authentication: some of
    them know nothing else. It is never asked for, so that no browser keeps one.
    """
    if key := key_in(request):
        return await identify_by(request, key)
    if request.headers.get("authorization"):
        raise CredentialMissing("send Authorization: Bearer <key>")
    caller = await open_session(request)
    refuse_foreign_origin(request)
    confirm_tenant(request, caller)
    return caller


def key_in(request: Request) -> str:
    """Return the key of the header `Authorization`; empty where none is of a form taken here."""
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and request.url.path.startswith(TAKE_PASSWORDS):
        try:
            return b64decode(said.strip(), validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return said.strip() if scheme.lower() == "bearer" else ""


async def identify_by(request: Request, key: str) -> Caller:
    """Return whose a key is that the body carries; raises `CredentialMissing`."""
    caller = _unless_calendar(await _caller_of(request, key))
    confirm_tenant(request, caller)
    return caller


async def _caller_of(request: Request, key: str) -> Caller:
    found = await engine_of(request).authenticate(key)
    return Caller(found.tenant, found.key_id, found.role, "key", found.name)


def _unless_calendar(caller: Caller) -> Caller:
    if caller.role == CALENDAR:
        raise PermissionMissing("a calendar's key may only read calendars")
    return caller


def confirm_tenant(request: Request, caller: Caller) -> None:
    """Let `X-Scope-OrgID` confirm the tenant; raises `ObjectMissing` where it names another."""
    claimed = request.headers.get("x-scope-orgid")
    if claimed is not None and not hmac.compare_digest(claimed.encode(), caller.tenant.encode()):
        raise ObjectMissing("the key belongs to another tenant than X-Scope-OrgID names")


async def _writer(request: Request) -> Ask:
    return Ask(request, await identify(request), engine_of(request))


async def _reader(request: Request) -> Ask:
    ask = await _writer(request)
    if ask.caller.role == "writer":
        raise PermissionMissing("a writer's key may only write samples")
    return ask


async def _admin(request: Request) -> Ask:
    ask = await _reader(request)
    if ask.caller.role != "admin":
        raise PermissionMissing("this needs a key of role admin")
    return ask


async def _subscriber(request: Request) -> Ask:
    key = request.query_params.get("key")
    if key is None:
        return await _reader(request)
    caller = await _caller_of(request, key)
    if caller.role != CALENDAR:
        raise PermissionMissing("only a key of role calendar may stand in an address")
    confirm_tenant(request, caller)
    return Ask(request, caller, engine_of(request))


@dataclass(frozen=True, slots=True)
class Knock:
    """One request by nobody in particular, with the engine it goes to."""

    request: Request
    engine: Engine


async def _anyone(request: Request) -> Knock:
    return Knock(request, engine_of(request))


Anyone = Annotated[Knock, Depends(_anyone)]
"""Whoever asks: what is asked authenticates itself, by other means than a key."""
Reader = Annotated[Ask, Depends(_reader)]
"""Anyone of the tenant except a mere writer."""
Subscriber = Annotated[Ask, Depends(_subscriber)]
"""A reader, or a calendar program, which sends no header: its key, which opens nothing else, stands
in the address as `key`."""
Writer = Annotated[Ask, Depends(_writer)]
"""Anyone of the tenant."""
Admin = Annotated[Ask, Depends(_admin)]
"""An administrator of the tenant."""


def start_session(engine: Engine, response: Response, key: str, *, secure: bool) -> None:
    """Give the browser a sealed session cookie for a checked key; it ends by itself."""
    claims = {
        "key_hash": engine.vault.hash_api_key(key),
        "until_ms": engine.clock.now_ms() + SESSION_S * 1000,
    }
    sealed = engine.vault.seal(json.dumps(claims).encode(), about=_SEALED_ABOUT)
    response.set_cookie(
        SESSION_COOKIE, sealed, max_age=SESSION_S, httponly=True, secure=secure, samesite="strict"
    )


async def open_session(request: Request) -> Caller:
    """Return whose session the cookie holds; raises `CredentialMissing`.

    A session is worth what its key is worth now: with the key revoked it is over, within the
    seconds for which the engine remembers a checked key.
    """
    sealed = request.cookies.get(SESSION_COOKIE)
    if not sealed:
        raise CredentialMissing("send Authorization: Bearer <key>")
    engine = engine_of(request)
    try:
        claims: dict[str, Any] = json.loads(engine.vault.unseal(sealed, about=_SEALED_ABOUT))
        key_hash, until_ms = claims["key_hash"], claims["until_ms"]
    except (VaultError, KeyError):
        raise CredentialMissing("the session is not valid; log in again") from None
    if until_ms <= engine.clock.now_ms():
        raise CredentialMissing("the session is over; log in again")
    found = await engine.recall(key_hash)
    return _unless_calendar(Caller(found.tenant, found.key_id, found.role, "session", found.name))


def refuse_foreign_origin(request: Request) -> None:
    """Refuse a changing request that another site's page made; raises `PermissionMissing`.

    Browsers say so in `Sec-Fetch-Site` (Fetch Metadata) or in `Origin`; a request that a cookie
    authenticates must carry one of the two (OWASP's cross-site request forgery cheat sheet).
    """
    if request.method in _READS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    same = urlsplit(origin).netloc == request.headers.get("host", "") if origin else False
    if (site == "same-origin") if site else same:
        return
    raise PermissionMissing("this form was sent from another site")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address, with or without a port, is this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def loopback_caller(request: Request) -> Caller | None:
    """Return the tenant whose pages need no login, where the request is local; None elsewhere.

    What another site's page asks for gets nothing: raises `PermissionMissing`.
    """
    tenant = engine_of(request).settings.server.loopback_tenant
    if not tenant or not is_local(request):
        return None
    refuse_foreign_site(request)
    refuse_foreign_origin(request)
    return Caller(TenantId(tenant), "loopback", "member", "loopback")


def is_local(request: Request) -> bool:
    """Say whether a person of this machine asks: server, peer and Host header are all loopback.

    The Host header must be a loopback *name*: a foreign name that resolves to 127.0.0.1
    (DNS rebinding) is not local. Nor is what a reverse proxy on this machine passes on: most say
    so in a header, and nginx, which may not, then speaks HTTP/1.0, as no browser does.
    """
    server = engine_of(request).settings.server
    peer = request.client.host if request.client else ""
    if not (is_loopback(bracketed(server.host)) and is_loopback(bracketed(peer))):
        return False
    if request.scope.get("http_version") == "1.0":
        return False
    names = request.headers.keys()
    if any(name in _FORWARDERS or name.startswith("x-forwarded-") for name in names):
        return False
    return is_loopback(request.headers.get("host", ""))


def refuse_foreign_site(request: Request) -> None:
    """Refuse what another site's page asks for, reading too; raises `PermissionMissing`.

    Without a login a browser's address is the whole credential, and any page may send a request
    to it. Browsers say where it comes from (Fetch Metadata, W3C); following a link is let through,
    because it shows the page to the person and not to the site that had the link.
    """
    if request.headers.get("sec-fetch-site") not in {"cross-site", "same-site"}:
        return
    mode, goal = (request.headers.get(f"sec-fetch-{name}") for name in ("mode", "dest"))
    if request.method in _READS and (mode, goal) == ("navigate", "document"):
        return
    raise PermissionMissing("another site's page asked for this")


def bracketed(address: str) -> str:
    """Return an address as it stands in a URL: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address
