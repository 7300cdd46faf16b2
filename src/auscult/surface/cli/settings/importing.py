"""`auscult import`: an Alertmanager configuration as settings of a tenant."""

import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from typing_extensions import override

from auscult.engine.wiring import wire
from auscult.kernel.errors import ReceiverRefused, SettingError
from auscult.kernel.words import TenantId
from auscult.notification.decide.alerts import Alerting
from auscult.notification.decide.alerts.translating import Translated, translate
from auscult.notification.port import CHANNELS, Channel
from auscult.runtime.outbound import Guard
from auscult.runtime.settings import parse_settings
from auscult.runtime.settings.document import BYTES_MAX, read_document

NO_INCIDENTS = (
    "receivers: what they tell their channels becomes no incident: nobody can acknowledge it, no "
    "policy calls anybody for it; `incidents: true` beside `to` changes that"
)


def import_config(file: Path, tenant: str) -> None:
    """Print the settings on stdout, and on stderr what to set and what was lost.

    Raises `SettingError` where the file is none or does not fit together, and, once all is
    printed, where `auscult check` would not take what came of it.
    """
    made = translate(_read(file), able=lambda use: frozenset(CHANNELS.load(use).model_fields))
    try:
        Alerting.model_validate(made.alerts)
    except ValidationError as why:
        first = why.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise SettingError(f"{file}: {where}: {said}" if where else f"{file}: {said}") from None
    if any(one["to"] for one in made.alerts["receivers"]):
        made.lost.append(NO_INCIDENTS)
    text = yaml.dump(_settings(made, tenant), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    sys.stdout.write(text)
    for line in _remarks(made):
        sys.stderr.write(f"{line}\n")
    _check(text, made)


class _Dumper(yaml.SafeDumper):
    """Writes a value that stands twice twice."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _settings(made: Translated, tenant: str) -> dict[str, Any]:
    own: dict[str, Any] = {"channels": made.channels, "alerts": made.alerts}
    own |= {"routes": made.routes} if made.routes else {}
    inside = _inside(made)
    return {**({"outbound": {"allow": inside}} if inside else {}), "tenants": {tenant: own}}


def _remarks(made: Translated) -> list[str]:
    lines = ["# set these in the environment (the file's secrets are not carried over):"]
    lines += [f"#   {one}" for one in made.secrets]
    lost = ["# lost, and to be looked at:", *(f"#   {one}" for one in made.lost)]
    return [*(lines if made.secrets else ()), *(lost if made.lost else ())]


def _inside(made: Translated) -> list[str]:
    """Return the networks of this machine or of one's own that the file's addresses lie in."""
    guard, found = Guard(), set[str]()
    for name, settings in made.channels.items():
        channel = _channel(settings, made)
        for setting, host in channel.hosts().items() if channel else ():
            number = "127.0.0.1" if host == "localhost" else host
            try:
                guard.check([number])
            except ValueError:
                continue  # a name
            except ReceiverRefused:
                found.add(str(ip_network(number)))
                where = f"channels.{name}.{setting}"
                made.lost.append(f"{where}: {host} lies inside, so `outbound` allows it: look")
    return sorted(found)


def _channel(settings: dict[str, Any], made: Translated) -> Channel | None:
    opened = {name: _open(value, made) for name, value in settings.items() if name != "use"}
    try:
        return CHANNELS.load(settings["use"]).model_validate(opened)
    except ValidationError:
        return None  # which `_check` says with its place


def _open(value: Any, made: Translated) -> Any:  # noqa: ANN401  # raw settings
    if isinstance(value, dict):
        return {name: _open(inner, made) for name, inner in value.items()}
    is_reference = isinstance(value, str) and value.startswith("env:")
    return made.values.get(value.removeprefix("env:"), value) if is_reference else value


def _check(text: str, made: Translated) -> None:
    """Make every plug as a start would, with the file's own secrets; raises `SettingError`."""

    def secret(_tenant: TenantId, reference: str) -> str:
        return str(_open(reference, made))

    try:
        settings = parse_settings(text, file="the settings above")
        wire(settings, secrets=secret, neighbours=lambda _tenant: lambda _service: ())
    except SettingError as why:
        raise SettingError(f"auscult check would refuse {why.detail}") from None


def _read(file: Path) -> object:
    try:
        with file.open("rb") as opened:
            raw = opened.read(BYTES_MAX + 1)
        return read_document(raw.decode("utf-8-sig"), file=str(file), others=True).plain()
    except OSError as why:
        raise SettingError(f"{file}: {why.strerror}") from None
    except UnicodeDecodeError as why:
        raise SettingError(f"{file}: {str(why).splitlines()[0]}") from None
