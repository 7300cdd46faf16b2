"""The tree in force and what a reload changes are shown value by value, without secrets."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from auscult.runtime.settings import Settings, diff, effective_tree, parse_settings
from auscult.runtime.settings.secrecy import hide_in_urls, show
from auscult.runtime.settings.tree import (
    LimitSettings,
    ServerSettings,
    StoreSettings,
    TenantSettings,
    TracingSettings,
)

TEXT = """\
store: {url: "postgresql+psycopg://u:hunter2@h/d"}
defaults:
  false_pages_per_week: 4
tenants:
  a:
    channels:
      secret-room: {use: webhook, url: "http://h/x", secret: "env:S", timeout_s: 3}
      hook: {use: slack, url: "https://hooks.slack.com/services/T0/B0/hunter2"}
      mail: {use: email, name: post, password: hunter2, pin: {api_key: 12345678}}
    routes: [{to: [hook], on: []}]
    sources: [{use: scrape, headers: [{authorization: "Bearer hunter2"}]}]
"""


def rows(settings: Settings) -> dict[str, tuple[Any, str]]:
    return {row.path: (row.value, str(row.origin)) for row in effective_tree(settings)}


def test_every_value_is_shown_with_its_origin() -> None:
    seen = rows(parse_settings(TEXT, file="f.yaml"))
    assert seen["server.port"] == (8080, "default")
    assert seen["store.url"] == ("postgresql+psycopg://u:***@h/d", "f.yaml:1:14")
    assert seen["tenants.a.false_pages_per_week"] == (4.0, "f.yaml:3:25")
    assert seen["tenants.a.channels.secret-room.secret"] == ("env:S", "f.yaml:7:62")
    assert seen["tenants.a.channels.secret-room.use"] == ("webhook", "f.yaml:7:26")
    assert seen["tenants.a.channels.secret-room.timeout_s"][0] == 3
    assert seen["tenants.a.channels.mail.name"][0] == "post"
    assert seen["tenants.a.channels.mail.password"][0] == "***"
    assert seen["tenants.a.channels.mail.pin.api_key"][0] == "***"
    assert seen["tenants.a.routes[0].to"] == (["hook"], "f.yaml:10:19")
    assert seen["tenants.a.sources[0].headers[0].authorization"][0] == "***"
    assert not any(path.startswith("defaults") for path in seen)


def test_no_literal_secret_is_shown() -> None:
    assert "hunter2" not in str(rows(parse_settings(TEXT)))
    assert "12345678" not in str(rows(parse_settings(TEXT)))


def test_a_reload_is_told_as_what_changed_and_what_went() -> None:
    old = parse_settings(TEXT)
    text = TEXT.replace("timeout_s: 3", "timeout_s: 4").replace(
        "password: hunter2", "password: new"
    )
    new = parse_settings("auto_remediation: false\n" + text.replace("on: []", "only: 1"))
    assert [tuple(change) for change in diff(old, new)] == [
        ("auto_remediation", True, False),
        ("tenants.a.channels.secret-room.timeout_s", 3, 4),
        ("tenants.a.channels.mail.password", "***", "*** (changed)"),
        ("tenants.a.routes[0].only", None, 1),
        ("tenants.a.routes[0].on", [], None),
    ]
    assert diff(old, parse_settings("# moved\n" + TEXT)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pw@h:1/x", "https://user:***@h:1/x"),
        ("https://token@h/x", "https://***@h/x"),
        ("redis://:pw@h/0", "redis://:***@h/0"),
        ("postgresql+psycopg://u:p/w@x@h/d", "postgresql+psycopg://u:***@h/d"),
        ("https://h/x?a=1&sig=abc&b=2", "https://h/x?a=1&sig=***&b=2"),
        ("https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com/***"),
        ("https://chat.example/hooks/abcdef", "https://chat.example/hooks/***"),
        ("http://127.0.0.1:9090/api?x=a@b", "http://127.0.0.1:9090/api?x=a@b"),
    ],
)
def test_urls_are_shown_without_what_they_hide(text: str, shown: str) -> None:
    assert hide_in_urls(text) == shown


def test_references_are_shown_and_numbers_under_secret_names_are_not() -> None:
    assert show(("password",), "vault:smtp") == "vault:smtp"
    assert show(("password",), 1234) == "***"
    assert show(("port",), 1234) == 1234
    assert show(("timeout",), None) is None


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
    paths = [f"`{name}`" for name in Settings.model_fields if f"`{name}." not in text]
    sections: dict[str, type[BaseModel]] = {
        "server": ServerSettings,
        "store": StoreSettings,
        "limits": LimitSettings,
        "tracing": TracingSettings,
        "tenants.NAME": TenantSettings,
    }
    for prefix, model in sections.items():
        paths += [f"`{prefix}.{name}`" for name in model.model_fields]
    assert [path for path in paths if f"| {path} |" not in text] == []


def test_the_documented_defaults_are_the_defaults() -> None:
    text = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
    shown = dict(rows(Settings()))
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        path = cells[0].strip("`")
        if path in shown and cells[2].startswith("`"):
            value = shown[path][0]
            plain = str(value).lower() if isinstance(value, bool) else str(value)
            assert cells[2] == f"`{plain}`", path


@pytest.mark.parametrize(
    "above", [("tenants", "a", "channels", "url"), ("defaults", "channels", "c")]
)
def test_what_is_wholly_a_secret_of_a_channel_is_not_shown(above: tuple[str, ...]) -> None:
    assert show((*above, "url"), "tgram://123456:token/-1001") == "tgram://***"
    assert show((*above, "headers", "X-Gateway"), "abc") == "***"
    assert show((*above, "headers"), {"X-Gateway": "abc"}) == {"X-Gateway": "***"}
    assert show((*above, "url"), "https://ops.example/hook") == "https://ops.example/hook"
    assert show((*above, "api_url"), "https://slack.example/api") == "https://slack.example/api"
    assert show((*above, "url"), "https://ops.example/T0/0123456789?a=b") == (
        "https://ops.example/T0/***?a=b"
    ), "a long part of a path may be the secret"
    assert show((*above, "channel"), "C9") == "C9"


def test_of_the_address_of_a_calendar_only_the_host_is_shown() -> None:
    path = ("tenants", "a", "oncall", "schedules", 0, "layers", 0, "calendar")
    assert (
        show(path, "https://me:pw@cal.example/private-1/x.ics?key=2") == "https://cal.example/***"
    )
    assert show(path, "webcal://cal.example") == "webcal://cal.example/***"
    assert show(path, "vault:vendor") == "vault:vendor"
    layer = {"name": "vendor", "calendar": "https://cal.example/private-1"}
    assert show(path[:-1], layer) == {"name": "vendor", "calendar": "https://cal.example/***"}
