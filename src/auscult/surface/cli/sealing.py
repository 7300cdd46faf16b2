"""`auscult secret set`, `list` and `remove`: what `vault:NAME` in the settings stands for."""

import getpass
import sys
from pathlib import Path

from auscult.kernel.errors import SettingError
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import load_settings
from auscult.store import TenantRows
from auscult.surface.cli.opening import ACTOR, configured, opened
from auscult.vault.references import check_secret_name, seal_secret

SECRET_CHARS_MAX = 1 << 16
_TAKEN = "a running auscult takes it with its next reload (SIGHUP)"


def set_secret(tenant_name: str, name: str, config: Path) -> None:
    """Seal a value under a name, in place of the one before; it comes from stdin or a prompt."""
    settings = load_settings(config)
    tenant = configured(settings, tenant_name, config)
    check_secret_name(name)
    value = _read_value(name)
    with opened(settings) as house, house.store.write() as work:
        work.directory.add_tenant(tenant, tenant_name, SystemClock().now_ms())
        rows = work.of(tenant)
        word = "sealed" if rows.secrets.get(name) is None else "replaced"
        rows.secrets.put(name, seal_secret(house.vault, tenant, name=name, secret=value))
        _record(rows, name, word)
    sys.stdout.write(f"{tenant}: secret {name} is {word}; {_TAKEN}\n")


def list_secrets(tenant_name: str, config: Path) -> None:
    """Print the names of a tenant's secrets, one a line; never a value."""
    settings = load_settings(config)
    tenant = configured(settings, tenant_name, config)
    with opened(settings) as house, house.store.read() as work:
        for name in work.of(tenant).secrets.names():
            sys.stdout.write(f"{name}\n")


def remove_secret(tenant_name: str, name: str, config: Path) -> None:
    """Delete a secret; raises `SettingError` where there is none of this name."""
    settings = load_settings(config)
    tenant = configured(settings, tenant_name, config)
    with opened(settings) as house, house.store.write() as work:
        rows = work.of(tenant)
        if not rows.secrets.remove(name):
            known = ", ".join(rows.secrets.names()) or "none"
            raise SettingError(f"{tenant} has no secret {name!r}; there are {known}")
        _record(rows, name, "removed")
    sys.stdout.write(f"{tenant}: secret {name} is removed\n")


def _record(rows: TenantRows, name: str, word: str) -> None:
    rows.audit.append(
        at_ms=SystemClock().now_ms(),
        actor=ACTOR,
        action=f"secret.{word}",
        about=name,
        detail={"sentence": f"The secret {name} was {word}."},
    )


def _read_value(name: str) -> str:
    """Return the value without the end of its line: arguments of a command are seen by others."""
    if sys.stdin.isatty():
        text = getpass.getpass(f"{name}: ")
    else:
        text = sys.stdin.read(SECRET_CHARS_MAX + 2)
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SettingError(f"no value for {name}: give it on standard input, or at the prompt")
    if len(value) > SECRET_CHARS_MAX:
        raise SettingError(f"a secret has at most {SECRET_CHARS_MAX} characters")
    return value
