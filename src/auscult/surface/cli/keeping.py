"""`auscult tenant add`, `keys` and `revoke`: who may ask, without the running product."""

import sys
from pathlib import Path

from auscult.kernel.errors import SettingError
from auscult.kernel.times import rfc3339
from auscult.runtime.clock import SystemClock
from auscult.runtime.ids import new_id
from auscult.runtime.settings import load_settings
from auscult.store import KeyRow
from auscult.surface.cli.opening import ACTOR, configured, opened

ROLES = ("admin", "member", "writer", "calendar")
NAME_CHARS_MAX = 80
NOT_A_PERSON = frozenset({"auscult", "command line", "sighup", "loopback", "session"})
"""Actors of the audit log that nobody may be named like."""


def add_key(name: str, config: Path, *, role: str, person: str, bare: bool) -> None:
    """Make a key for a configured tenant and print it, this once."""
    settings = load_settings(config)
    if role not in ROLES:
        raise SettingError(f"no role {role!r}; there are {', '.join(ROLES)}")
    tenant, person = configured(settings, name, config), check_person(person)
    clock = SystemClock()
    key_id, now_ms = new_id(clock), clock.now_ms()
    whose = f" for {person}" if person else ""
    with opened(settings) as house, house.store.write() as work:
        key = house.vault.new_api_key()
        work.directory.add_tenant(tenant, name, now_ms)
        rows = work.of(tenant)
        _check_free(person, rows.keys.list())
        rows.keys.add(house.vault.hash_api_key(key), key_id, role=role, now_ms=now_ms, name=person)
        rows.audit.append(
            at_ms=now_ms,
            actor=ACTOR,
            action="key.added",
            about=key_id,
            detail={
                "sentence": f"A key of role {role} was made{whose}.",
                "role": role,
                "name": person,
            },
        )
    if bare:
        sys.stdout.write(f"{key}\n")
        return
    sys.stdout.write(f"{name}: key {key_id}, role {role}{whose}. It is shown this once:\n{key}\n")


def list_keys(name: str, config: Path) -> None:
    """Print every key of a tenant: id, role, name, since when, and whether it was revoked."""
    settings = load_settings(config)
    tenant = configured(settings, name, config)
    with opened(settings) as house, house.store.read() as work:
        keys = work.of(tenant).keys.list()
    width = max((len(one.name) for one in keys), default=0)
    for one in keys:
        state = "valid" if one.revoked_ms is None else f"revoked {rfc3339(one.revoked_ms)}"
        since = rfc3339(one.added_ms)
        sys.stdout.write(f"{one.key_id}  {one.role:<8}  {one.name:<{width}}  {since}  {state}\n")


def revoke_key(key_id: str, config: Path) -> None:
    """Refuse a key from now on; raises `SettingError` where there is no such valid key."""
    settings, now_ms = load_settings(config), SystemClock().now_ms()
    with opened(settings) as house, house.store.write() as work:
        tenants = work.directory.holders(key_id)
        if len(tenants) > 1:
            raise SettingError(f"{key_id} is a key of several tenants: {', '.join(tenants)}")
        keys = {one.key_id: one for tenant in tenants for one in work.of(tenant).keys.list()}
        if key_id not in keys or not work.of(tenants[0]).keys.revoke(key_id, now_ms):
            raise SettingError(f"no valid key {key_id!r}; see `auscult tenant keys TENANT`")
        whose = f" of {keys[key_id].name}" if keys[key_id].name else ""
        work.of(tenants[0]).audit.append(
            at_ms=now_ms,
            actor=ACTOR,
            action="key.revoked",
            about=key_id,
            detail={
                "sentence": f"The key{whose} was revoked.",
                "role": keys[key_id].role,
                "name": keys[key_id].name,
            },
        )
    sys.stdout.write(f"{tenants[0]}: key {key_id}{whose} is revoked\n")


def check_person(name: str) -> str:
    """Return the name a person goes by, empty for none; raises `SettingError`.

    It becomes the actor of what is done with the key, so it may not look like another actor.
    """
    tidy = " ".join(name.split())
    if len(tidy) > NAME_CHARS_MAX or not tidy.isprintable() or "/" in tidy:
        raise SettingError(f"a name has at most {NAME_CHARS_MAX} printable characters and no /")
    if tidy.casefold() in NOT_A_PERSON:
        raise SettingError(f"{tidy!r} is the name of an actor that is no person")
    return tidy


def _check_free(person: str, keys: list[KeyRow]) -> None:
    """Refuse a name that a valid key has: the audit log would not tell the two apart."""
    for one in keys:
        if person and one.revoked_ms is None and one.name.casefold() == person.casefold():
            raise SettingError(
                f"{person} has the key {one.key_id}; revoke it, or say which: 'Ana (laptop)'"
            )
