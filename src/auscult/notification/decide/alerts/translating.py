"""An `alertmanager.yml` as settings of a tenant: what can be said here, and what cannot.

Secrets are not carried over: each becomes `env:NAME`, and the names are told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auscult.kernel.errors import SettingError

Tree = dict[str, Any]

AS_THEY_ARE = ("route", "inhibit_rules", "time_intervals", "mute_time_intervals")
KNOWN = frozenset({*AS_THEY_ARE, "global", "receivers", "templates"})
IN_GLOBAL = frozenset(
    {"resolve_timeout", "slack_api_url", "smtp_from", "smtp_smarthost", "smtp_auth_username"}
    | {"smtp_auth_password", "smtp_require_tls", "pagerduty_url"}
)
SILENT = frozenset({"send_resolved", "http_config"})
"""Fields that are dealt with apart."""


@dataclass(slots=True)
class Translated:
    """Channels and the section `alerts`, which secrets must be set, and what was lost."""

    channels: Tree = field(default_factory=dict)
    alerts: Tree = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def translate(config: object) -> Translated:
    """Return a configuration of Alertmanager as settings; raises `SettingError` where it is none.

    What has no counterpart is named in `lost`, by its place.
    """
    if not isinstance(config, dict) or not isinstance(config.get("route"), dict):
        raise SettingError("this is no Alertmanager configuration: it has no route")
    made = Translated()
    made.lost += [f"{name}: unknown here" for name in sorted(config.keys() - KNOWN)]
    given: Tree = config.get("global") or {}
    made.lost += [f"global.{name}: not taken over" for name in sorted(given.keys() - IN_GLOBAL)]
    if config.get("templates"):
        made.lost.append("templates: messages are worded by auscult")
    made.alerts = {name: config[name] for name in AS_THEY_ARE if config.get(name)}
    if "resolve_timeout" in given:
        made.alerts["resolve_timeout"] = given["resolve_timeout"]
    receivers = config.get("receivers") or []
    made.alerts["receivers"] = [_receiver(one, given, made) for one in receivers]
    return made


def _receiver(receiver: Tree, given: Tree, made: Translated) -> Tree:
    name = str(receiver.get("name", ""))
    told: list[Tree] = []
    for kind, entries in receiver.items():
        if kind == "name":
            continue
        for number, entry in enumerate(entries or []):
            place = f"receivers.{name}.{kind}[{number}]"
            if kind not in CHANNELS:
                made.lost.append(f"{place}: there is no such channel here; add one by hand")
                continue
            use, resolved = CHANNELS[kind]
            channel = _name(name, use, made.channels)
            asked = _Ask(place, channel, entry, given, made)
            made.channels[channel] = {"use": use, **MAKERS[kind](asked)}
            asked.say_lost()
            send = bool(entry.get("send_resolved", resolved))
            told.append({"channel": channel, "send_resolved": send})
    return {"name": name, "to": told}


@dataclass(slots=True)
class _Ask:
    """One integration of a receiver: asked field by field, so that the rest is known to be lost."""

    place: str
    channel: str
    entry: Tree
    given: Tree
    made: Translated
    asked: set[str] = field(default_factory=set)

    def take(self, name: str, otherwise: str = "") -> Any:  # noqa: ANN401  # raw settings
        """Return a field, or what stands for all in `global`."""
        self.asked.add(name)
        found = self.entry.get(name)
        return self.given.get(otherwise) if found is None and otherwise else found

    def secret(self, name: str, otherwise: str = "") -> str:
        """Return a reference to the environment for a secret field, and note its name."""
        self.take(name, otherwise)
        self.take(f"{name}_file")
        variable = re.sub(r"[^A-Z0-9]+", "_", f"{self.channel}_{name}".upper())
        self.made.secrets.append(f"{variable}: {self.place}.{name}")
        return f"env:{variable}"

    def say_lost(self) -> None:
        """Name the fields that nobody asked for."""
        left = sorted(self.entry.keys() - self.asked - SILENT)
        self.made.lost += [f"{self.place}.{name}: not taken over" for name in left]
        if self.entry.get("http_config"):
            self.made.lost.append(f"{self.place}.http_config: not taken over")


def _webhook(ask: _Ask) -> Tree:
    return {"url": ask.take("url") or ask.secret("url"), "form": "alertmanager"}


def _slack(ask: _Ask) -> Tree:
    ask.take("channel")  # an incoming webhook has one of its own
    return {"url": ask.secret("api_url", "slack_api_url")}


def _pagerduty(ask: _Ask) -> Tree:
    url = ask.take("url", "pagerduty_url")
    key = "routing_key" if "routing_key" in ask.entry or "service_key" not in ask.entry else ""
    return {"routing_key": ask.secret(key or "service_key"), **({"url": url} if url else {})}


def _email(ask: _Ask) -> Tree:
    host, _, port = str(ask.take("smarthost", "smtp_smarthost") or "").partition(":")
    username = ask.take("auth_username", "smtp_auth_username")
    tls = ask.take("require_tls", "smtp_require_tls")
    made: Tree = {
        "host": host,
        "sender": ask.take("from", "smtp_from"),
        "to": [one.strip() for one in str(ask.take("to") or "").split(",")],
        "security": "none" if tls is False else "starttls",
    }
    if port.isdecimal():
        made["port"] = int(port)
    if username:
        password = ask.secret("auth_password", "smtp_auth_password")
        made |= {"username": username, "password": password}
    return made


CHANNELS: Mapping[str, tuple[str, bool]] = {
    "webhook_configs": ("webhook", True),
    "slack_configs": ("slack", False),
    "pagerduty_configs": ("pagerduty", True),
    "email_configs": ("email", False),
}
"""Which plug stands for an integration, and whether it tells what resolved when nobody says so."""

MAKERS = {
    "webhook_configs": _webhook,
    "slack_configs": _slack,
    "pagerduty_configs": _pagerduty,
    "email_configs": _email,
}


def _name(receiver: str, use: str, taken: Mapping[str, object]) -> str:
    """Return a free name for a channel of a receiver."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{receiver}-{use}").strip("-.")[:50] or use
    names = (stem, *(f"{stem}-{number}" for number in range(2, 1_000)))
    return next(name for name in names if name not in taken)
