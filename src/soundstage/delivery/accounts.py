"""Accounts of listeners: who they are follows from the tenant and a number, nothing is stored."""

from hashlib import blake2b

from aiohttp import web

ACCOUNTS = 500
"""Accounts per tenant, ``listener-0`` to ``listener-499``."""

LONGEST, MOST_BYTES = 4, 2_000


def password_of(tenant: str, user: str) -> str:
    """Return the right password of an account, which no stranger can guess."""
    return blake2b(f"{tenant}/{user}".encode(), digest_size=9).hexdigest()


def is_right(tenant: str, user: str, password: str) -> bool:
    """Whether there is such an account and this is its password."""
    name, _, number = user.rpartition("-")
    known = name == "listener" and number.isascii() and number.isdecimal() and len(number) < LONGEST
    return known and int(number) < ACCOUNTS and password == password_of(tenant, user)


async def sign_in(request: web.Request, *, tenants: set[str]) -> web.Response:
    """Answer ``POST /login/{tenant}`` with JSON ``user`` and ``password``: 200, 401, 400 or 404."""
    tenant = request.match_info["tenant"]
    if tenant not in tenants:
        raise web.HTTPNotFound(text="no such tenant")
    if (request.content_length or 0) > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(max_size=MOST_BYTES, actual_size=0)
    try:
        wish = await request.json()
        user, password = str(wish["user"]), str(wish["password"])
    except (ValueError, KeyError, TypeError) as error:
        raise web.HTTPBadRequest(text="send user and password as JSON") from error
    if not is_right(tenant, user, password):
        raise web.HTTPUnauthorized(text="wrong user or password")
    return web.json_response({"token": password_of(tenant, f"token of {user}")})
