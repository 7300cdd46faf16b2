"""Settings load as written, are inherited, and are refused with the place and the right names."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from auscult.kernel.errors import SettingError
from auscult.runtime.settings import (
    PlugSettings,
    Settings,
    check_channels,
    load_settings,
    located_error,
    parse_settings,
)
from auscult.signals.series.limits import SeriesLimits

FULL = """\
server: {host: 127.0.0.1, port: 8080, loopback_tenant: platform}
store: {url: "sqlite:///x.db"}
alert_channels: [slack, webhook]
limits: {series_per_tenant: 10}
defaults:
  false_pages_per_week: 5
  sources: [{use: scrape, name: base}]
  channels:
    console: {use: console}
    ops: {use: slack, url: "env:SLACK"}
tenants:
  platform:
    false_pages_per_week: 1.5
    sources:
      - {use: scrape, interval_s: 1, labels: {job: soundstage}}
    channels:
      ops: {use: webhook, url: "http://127.0.0.1:9/", secret: "env:OPS_SECRET"}
    routes:
      - {to: [ops], on: [opened, resolved]}
    runbooks:
      - {name: heal, action: {use: supervisor, socket: x.sock}, cooldown_s: 60}
  acme:
"""


def test_a_file_loads_as_written() -> None:
    settings = parse_settings(FULL)
    tenant = settings.tenants["platform"]  # type: ignore[index]
    assert settings.server.loopback_tenant == "platform"
    assert settings.limits.series_per_tenant == 10
    assert settings.limits.body_bytes == 16 << 20
    assert tenant.false_pages_per_week == 1.5
    source = tenant.sources[0]
    assert (source.use, source.name, source.label) == ("scrape", None, "scrape")
    assert source.settings == {"interval_s": 1, "labels": {"job": "soundstage"}}
    assert str(source.origin) == "<text>:15:9"
    assert tenant.routes[0].settings == {"to": ("ops",), "on": ("opened", "resolved")}
    action = tenant.runbooks[0].plug("action")
    assert (action.use, action.settings) == ("supervisor", {"socket": "x.sock"})
    assert str(action.place(("socket",))) == "<text>:21:56"


def test_tenants_inherit_key_by_key_and_channels_by_name() -> None:
    own, bare = parse_settings(FULL).tenants.values()
    assert bare.false_pages_per_week == 5
    assert [entry.name for entry in bare.sources] == ["base"]
    assert [entry.name for entry in own.sources] == [None]
    assert {name: entry.use for name, entry in bare.channels.items()} == {
        "console": "console",
        "ops": "slack",
    }
    assert {name: entry.use for name, entry in own.channels.items()} == {
        "console": "console",
        "ops": "webhook",
    }


def test_equal_settings_are_equal_wherever_they_stand() -> None:
    moved = parse_settings("# one line more\n" + FULL)
    assert parse_settings(FULL) == moved
    assert parse_settings(FULL) != parse_settings(FULL.replace("8080", "8081"))
    first = parse_settings(FULL).tenants["acme"].sources[0]  # type: ignore[index]
    assert first == moved.tenants["acme"].sources[0]  # type: ignore[index]
    assert first == PlugSettings(use="scrape", name="base", settings={})


def test_the_tree_is_frozen() -> None:
    settings = parse_settings(FULL)
    with pytest.raises(ValidationError):
        settings.auto_remediation = False  # type: ignore[misc]


def test_secrets_do_not_show_in_the_representation() -> None:
    text = FULL.replace("env:OPS_SECRET", "hunter2").replace("sqlite:///x.db", "pg://u:hunter2@h/d")
    assert "hunter2" not in repr(parse_settings(text))


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("servr: {}\ntenants: {a: }", "1:1", "did you mean 'server'? Right are: ai_anomaly"),
        ("server: {prt: 1}\ntenants: {a: }", "1:10", "server: there is no setting 'prt' here"),
        ("tenants:\n  a:\n    sorces: []", "3:5", "did you mean 'sources'?"),
        ("tenants: {a: }\nnode: 1", "2:1", "no setting 'node'"),
        ("server: {port: '80'}\ntenants: {a: }", "1:16", "server.port: should be a whole number"),
        ("server: {port: 70000}\ntenants: {a: }", "1:16", "less than or equal to 65535"),
        ("auto_remediation: yes\ntenants: {a: }", "1:19", "should be true or false"),
        ("auto_remediation: 1\ntenants: {a: }", "1:19", "should be true or false"),
        ("limits: {body_bytes: 0}\ntenants: {a: }", "1:22", "greater than or equal to 1"),
        ("tenants: {A: }", "1:11", "tenants.A: a tenant's name is"),
        ("tenants: {-a: }", "1:11", "a tenant's name is"),
        (f"tenants: {{{'a' * 64}: }}", "1:11", "a tenant's name is"),
        ("tenants: []", "1:10", "should be key: value"),
        ("tenants: {a: 3}", "1:14", "tenants.a: should be key: value"),
        ("server: {port: 1}", "1:1", "at least one tenant"),
        ("", "1:1", "at least one tenant"),
        ("- 1", "1:1", "key: value"),
        ("tenants: {a: {sources: {}}}", "1:24", "should be a list"),
        ("tenants: {a: {sources: [scrape]}}", "1:25", "key: value"),
        ("tenants: {a: {sources: [{interval_s: 1}]}}", "1:25", "`use: PLUG` is missing"),
        ("tenants: {a: {sources: [{use: 3}]}}", "1:31", "use: 1 to 63 characters"),
        ("tenants: {a: {routes: [1]}}", "1:24", "key: value"),
        ("tenants: {a: {channels: {'b c': {use: x}}}}", "1:26", "a channel's name"),
        ("tenants: {a: {channels: [{use: x}]}}", "1:25", "should be key: value"),
        ("tenants: {a: {false_pages_per_week: .nan}}", "1:37", "false_pages_per_week"),
        ("tenants: {a: {false_pages_per_week: -1}}", "1:37", "greater than or equal to 0"),
        ("defaults: {x: 1}\ntenants: {a: }", "1:12", "defaults: there is no setting 'x'"),
        ("defaults: 3\ntenants: {a: }", "1:11", "should be key: value"),
        ("tenants: {a: , b: }\ntenant_isolation: none", "2:19", "only `strict`"),
        ("tenants: {a: }\ntenant_isolation: No", "2:19", "tenant_isolation"),
        ("server: {host: 0.0.0.0, loopback_tenant: a}\ntenants: {a: }", "1:42", "needs a login"),
        ("server: {loopback_tenant: ab}\ntenants: {a: }", "1:27", "no tenant 'ab'"),
        ("server: {tls_key: x}\ntenants: {a: }", "1:9", "belong together"),
        ("data_dir: ''\ntenants: {a: }", "1:11", "should be a path"),
        (
            "tenants: {a: {detectors: [{use: t, name: b}, {use: u, name: b}]}}",
            "1:61",
            "the name 'b' stands twice, first at f.yaml:1:42",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(text: str, place: str, why: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse_settings(text, file="f.yaml")
    assert f"f.yaml:{place}: " in str(caught.value)
    assert why in str(caught.value)


def test_all_that_is_wrong_is_said_at_once_and_an_inherited_error_once() -> None:
    text = "defaults: {routes: 1}\nserver: {port: x}\ntenants: {a: , b: }"
    with pytest.raises(SettingError) as caught:
        parse_settings(text, file="f.yaml")
    lines = str(caught.value).removeprefix("A setting is wrong: ").splitlines()
    assert sorted(line.split(": ")[0] for line in lines) == ["f.yaml:1:20", "f.yaml:2:16"]


def test_loopback_is_known_by_address_and_by_name() -> None:
    for host in ("127.0.0.1", "localhost", "127.9.9.9", "'::1'"):
        text = f"server: {{host: {host}, loopback_tenant: a}}\ntenants: {{a: }}"
        assert parse_settings(text).server.is_loopback


def test_a_file_is_read_from_disk_with_or_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.encode())
    assert load_settings(path, {}) == parse_settings(FULL)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.yaml: cannot be read: No such file"):
        load_settings(tmp_path / "none.yaml", {})
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nbc: \xff")
    with pytest.raises(SettingError, match=r"a\.yaml:2:5: not UTF-8"):
        load_settings(path, {})
    path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(SettingError, match=r"a\.yaml:1:1: larger"):
        load_settings(path, {})


def test_defaults_that_would_grow_beyond_measure_are_refused() -> None:
    sources = ", ".join(["{use: x, a: 1, b: 2}"] * 10_000)
    tenants = ", ".join(f"t{n}: " for n in range(60))
    with pytest.raises(SettingError, match=r"f\.yaml:1:11: defaults: too large"):
        parse_settings(f"defaults: {{sources: [{sources}]}}\ntenants: {{{tenants}}}", file="f.yaml")


def test_channels_are_limited_to_the_plugs_named() -> None:
    settings = parse_settings(FULL, file="f.yaml")
    assert settings.allows_channel("slack")
    assert not settings.allows_channel("email")
    assert parse_settings("tenants: {a: }").allows_channel("email")
    check_channels(settings, ["slack", "webhook", "email"])
    with pytest.raises(SettingError) as caught:
        check_channels(settings, ["email", "slack", "web_hook"])
    assert "f.yaml:3:25: alert_channels: no channel 'webhook'; did you mean 'web_hook'?" in str(
        caught.value
    )


class Pipe(BaseModel):
    """A plug's settings as a shelf would know them."""

    model_config = ConfigDict(extra="forbid")

    url: str
    retries: int = 3
    labels: dict[str, int] = {}


def refuse(entry: str) -> str:
    settings = parse_settings(f"tenants:\n  a:\n    sources: [{{use: pipe{entry}}}]", file="f.yaml")
    source = settings.tenants["a"].sources[0]  # type: ignore[index]
    with pytest.raises(ValidationError) as caught:
        Pipe(**source.settings)
    error = located_error(source, caught.value, model=Pipe)
    assert isinstance(error, SettingError)
    return str(error)


def test_a_plugs_error_is_told_with_the_place_in_the_file() -> None:
    assert "f.yaml:3:44: retries: Input should be a valid integer" in refuse(", url: x, retries: y")
    assert "f.yaml:3:15: url: is missing" in refuse("")
    assert "f.yaml:3:32: url: should be text" in refuse(", url: 3")
    assert "f.yaml:3:47: labels.b: Input should be" in refuse(", url: x, labels: {b: c}")
    text = refuse(", url: x, retrys: 1")
    assert "f.yaml:3:35: there is no setting 'retrys' here; did you mean 'retries'?" in text
    assert "Right are: labels, retries, url" in text


def test_a_plugs_error_names_no_secret() -> None:
    assert "hunter2" not in refuse(", url: {password: hunter2}")


def test_no_tenant_is_promised_more_series_than_the_process_holds() -> None:
    most = SeriesLimits().per_process
    text = "tenants: {{a: {{}}}}\nlimits: {{series_per_tenant: {}}}"
    assert parse_settings(text.format(most)).limits.series_per_tenant == most
    with pytest.raises(SettingError, match=rf":2:29: .*{most}"):
        parse_settings(text.format(most + 1), file="f.yaml")


def test_entries_can_be_made_in_code() -> None:
    entry = PlugSettings.of({"use": "webhook", "name": "ops", "url": "x"})
    assert entry == PlugSettings(use="webhook", name="ops", settings={"url": "x"})
    assert str(entry.place(("url",))) == "<code>"
    with pytest.raises(ValidationError):
        Settings(server={"prot": 1})  # type: ignore[arg-type]
