"""From settings to plugs: what is wrong is refused with its place and the right names."""

import re
from typing import Any

import pytest

from auscult.engine.wiring import Plans, wire
from auscult.kernel.effects import EffectKind
from auscult.kernel.errors import ObjectMissing, PlugUnknown, SettingError
from auscult.kernel.words import TenantId
from auscult.runtime.settings import parse_settings
from auscult.vault.references import resolve_secret
from tests.unit.engine.bench import an_effect

ACME = TenantId("acme")


def make(text: str, **environ: str) -> Plans:
    settings = parse_settings(text, file="a.yaml", environ=environ)

    def secrets(_tenant: TenantId, reference: str) -> str:
        return resolve_secret(reference, environ=environ, open_named=lambda name: None)

    return wire(settings, secrets=secrets, neighbours=lambda _tenant: lambda _service: ())


def of_acme(inner: str, **environ: str) -> Any:
    return make(f"tenants:\n  acme: {{{inner}}}\n", **environ).of(ACME)


WRONG = {
    "unknown plug": (
        "sources: [{use: scrap}]",
        r"a\.yaml:2:\d+: 'scrap'.*scrape",
    ),
    "unknown detector": ("detectors: [{use: forest}]", r"a\.yaml:2:\d+: .*threshold"),
    "unknown action": (
        "runbooks: [{name: r, match: ['a=\"b\"'], action: {use: reboot}}]",
        r"a\.yaml:2:\d+: .*supervisor",
    ),
    "wrong key": (
        "channels: {c: {use: console, colour: red}}",
        r"a\.yaml:2:39: there is no setting 'colour' here",
    ),
    "template that is none": (
        "channels: {c: {use: console}}, templates: {title: '{{ nobody }}'}",
        r"a\.yaml:2:\d+: title: line 1: no word 'nobody'; there are: acknowledged_by",
    ),
    "template of a channel that is not there": (
        "channels: {c: {use: console}}, templates: {channels: {d: {text: x}}}",
        r"a\.yaml:2:\d+: no channel 'd'; configured are c",
    ),
    "mistyped key": (
        "channels: {c: {use: webhook, url: 'http://127.0.0.1/', secert: x}}",
        r"a\.yaml:2:\d+: .*'secert'.*did you mean 'secret'",
    ),
    "wrong type": (
        "sources: [{use: scrape, interval_s: often}]",
        r"a\.yaml:2:46: interval_s: .*number",
    ),
    "out of range": ("sources: [{use: scrape, interval_s: 0}]", r"a\.yaml:2:46: interval_s"),
    "missing key": ("channels: {c: {use: webhook}}", r"a\.yaml:2:\d+: url: is missing"),
    "an address inside": (
        "channels: {c: {use: webhook, url: 'http://10.0.0.1/secret-path'}}",
        r"a\.yaml:2:\d+: url: .*private network.*outbound\.allow",
    ),
    "a mail server inside": (
        "channels: {c: {use: email, host: localhost, sender: a@b.c, to: d@e.f}}",
        r"a\.yaml:2:\d+: host: .*this machine.*outbound\.allow",
    ),
    "where a cloud tells its secrets": (
        "channels: {c: {use: slack, url: 'http://169.254.169.254/latest'}}",
        r"a\.yaml:2:\d+: url: .*cloud tells its secrets",
    ),
    "fallback to nobody": (
        "channels: {a: {use: console, fallback: b}, c: {use: console}}",
        r"a\.yaml:2:\d+: no other channel 'b'; configured are c",
    ),
    "fallback to itself": (
        "channels: {a: {use: console, fallback: a}}",
        r"a\.yaml:2:\d+: no other channel 'a'; configured are none",
    ),
    "too often": (
        "channels: {a: {use: console, per_minute: 0}}",
        r"a\.yaml:2:\d+: per_minute: .*greater than or equal to 1",
    ),
    "unknown channel in a route": (
        "channels: {ops: {use: console}}, routes: [{to: [ops, pager]}]",
        r"a\.yaml:2:\d+: no channel 'pager'; configured are ops",
    ),
    "no channel at all": ("routes: [{to: [ops]}]", r"a\.yaml:2:\d+: .*configured are none"),
    "route key": (
        "channels: {ops: {use: console}}, routes: [{to: [ops], matches: []}]",
        r"a\.yaml:2:\d+: .*'matches'.*did you mean 'match'",
    ),
    "route step": (
        "channels: {ops: {use: console}}, routes: [{to: [ops], on: [joined]}]",
        r"a\.yaml:2:\d+: .*joined is never told; choose from",
    ),
    "runbook matcher": (
        "runbooks: [{name: r, match: ['{{'], action: {use: http}}]",
        r"a\.yaml:2:\d+: match",
    ),
    "runbook without action": (
        "runbooks: [{name: r, match: ['a=\"b\"']}]",
        r"a\.yaml:2:\d+: action: .*missing",
    ),
    "name twice": (
        "detectors: [{use: absence, name: a}, {use: absence, name: a}]",
        r"a\.yaml:2:\d+: .*'a' stands twice",
    ),
    "secret missing": (
        "channels: {c: {use: webhook, url: 'http://127.0.0.1/', secret: 'env:NOT_THERE'}}",
        r"a\.yaml:2:\d+: .*NOT_THERE",
    ),
    "sealed secret missing": (
        "channels: {c: {use: webhook, url: 'http://127.0.0.1/', secret: 'vault:hook'}}",
        r"a\.yaml:2:\d+: .*hook",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_with_its_place_and_the_right_names(name: str) -> None:
    inner, told = WRONG[name]
    with pytest.raises(SettingError) as refused:
        of_acme(inner)
    assert re.search(told, refused.value.detail, re.DOTALL), refused.value.detail


def test_an_unknown_plug_has_a_code_of_its_own() -> None:
    with pytest.raises(PlugUnknown) as refused:
        of_acme("detectors: [{use: forest}]")
    assert refused.value.code == "setting.plug_unknown"


def test_a_plug_named_by_its_use_alone_may_stand_several_times() -> None:
    plan = of_acme("sources: [{use: scrape}, {use: scrape}, {use: scrape, name: edge}]")
    assert list(plan.sources) == ["scrape", "scrape-2", "edge"]


def test_secrets_are_opened_and_hidden() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    inner = "channels: {c: {use: webhook, url: 'https://ops.example/', secret: 'env:HOOK'}}"
    channel: Any = of_acme(inner, HOOK=secret).channels["c"]
    assert channel.secret.get_secret_value() == secret
    assert secret not in repr(channel)


TWO_CHANNELS = """
tenants:
  acme:
    channels: {log: {use: console}, ops: {use: webhook, url: "https://ops.example/"}}
    routes: [{to: [log, ops]}, {to: [ops]}]
"""


def test_alert_channels_takes_away_channels_and_the_routes_that_only_they_had() -> None:
    free = make(TWO_CHANNELS).of(ACME)
    assert [route.to for route in free.rules.routes] == [("log", "ops"), ("ops",)]
    limited = make(TWO_CHANNELS, ALERT_CHANNELS="console").of(ACME)
    assert list(limited.channels) == ["log"]
    assert [route.to for route in limited.rules.routes] == [("log",)]


def test_alert_channels_names_plugs_that_there_are() -> None:
    with pytest.raises(SettingError, match="did you mean 'webhook'"):
        make(TWO_CHANNELS, ALERT_CHANNELS="webhok")


def test_auto_remediation_off_is_plan_only() -> None:
    inner = "runbooks: [{name: r, match: ['a=\"b\"'], action: {use: http, url: 'http://a/'}}]"
    assert of_acme(inner).rules.plan_only is False
    off = of_acme(inner, AUTO_REMEDIATION="false")
    assert off.rules.plan_only is True
    assert list(off.actions) == ["r"]


def test_plans_know_their_tenants_and_the_plug_behind_an_effect() -> None:
    plans = make(TWO_CHANNELS)
    with pytest.raises(ObjectMissing):
        plans.of(TenantId("stranger"))
    assert plans.plug_of(an_effect(tenant=ACME, to="ops")) == "webhook"
    assert plans.plug_of(an_effect(tenant=ACME, to="gone")) == "none"
    assert plans.plug_of(an_effect(tenant=ACME, kind=EffectKind.ACT)) == "none"
    assert plans.plug_of(an_effect(tenant="stranger")) == "none"
    other = make("tenants: {bolt: {}}")
    plans.replace(other)
    assert plans.of(TenantId("bolt")).tenant == "bolt"
    with pytest.raises(ObjectMissing):
        plans.of(ACME)


def test_what_the_operator_allows_is_taken_and_a_secret_address_is_not_said() -> None:
    inner = "channels: {c: {use: slack, url: 'http://10.0.0.1/T0/B0/hunter2'}}"
    with pytest.raises(SettingError) as refused:
        of_acme(inner)
    assert "hunter2" not in str(refused.value)
    text = f"outbound: {{allow: [10.0.0.0/24]}}\ntenants:\n  acme: {{{inner}}}"
    assert list(make(text).of(ACME).channels) == ["c"]
