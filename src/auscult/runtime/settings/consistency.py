"""What is wrong with settings only when they are looked at together."""

from collections.abc import Callable
from typing import NoReturn

from auscult.kernel.errors import SettingError
from auscult.runtime.settings.entries import PlugSettings
from auscult.runtime.settings.origins import Origin, locate
from auscult.runtime.settings.refusals import guess
from auscult.runtime.settings.tree import Settings, TenantSettings


def check_whole(settings: Settings, say: Callable[[Origin], str] = locate) -> None:
    """Refuse settings that contradict each other; raises `SettingError`. `say` writes a place."""

    def refuse(why: str, *path: str) -> NoReturn:
        raise SettingError(f"{say(settings.place(path))}: {'.'.join(path)}: {why}")

    if not settings.tenants:
        refuse("at least one tenant must be configured", "tenants")
    if settings.tenant_isolation != "strict" and len(settings.tenants) > 1:
        names = ", ".join(settings.tenants)
        refuse(f"only `strict` is taken with several tenants ({names})", "tenant_isolation")
    server, page = settings.server, settings.server.loopback_tenant
    if page is not None and not server.is_loopback:
        refuse(f"the page needs a login on {server.host}", "server", "loopback_tenant")
    if page is not None and page not in settings.tenants:
        refuse(f"no tenant {page!r}{guess(page, settings.tenants)}", "server", "loopback_tenant")
    if (server.tls_certificate is None) is not (server.tls_key is None):
        refuse("`tls_certificate` and `tls_key` belong together", "server")
    for name, tenant in settings.tenants.items():
        _check_names(name, tenant)


def _check_names(tenant_name: str, tenant: TenantSettings) -> None:
    for key, entries in (("sources", tenant.sources), ("detectors", tenant.detectors)):
        seen: dict[str, PlugSettings] = {}
        for entry in entries:
            if entry.name is None:
                continue
            first = seen.setdefault(entry.name, entry)
            if first is not entry:
                raise SettingError(
                    f"{locate(entry.place(('name',)))}: tenants.{tenant_name}.{key}: "
                    f"the name {entry.name!r} stands twice, first at {first.place(('name',))}"
                )
