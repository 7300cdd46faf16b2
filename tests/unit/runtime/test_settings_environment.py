"""The five variables override the file by their exact names, and only with right values."""

from typing import Any

import pytest

from auscult.kernel.errors import SettingError
from auscult.runtime.settings import effective_tree, parse_settings

ONE = "tenants: {a: }\nauto_remediation: true\n"
TWO = "tenants: {a: , b: }\n"


@pytest.mark.parametrize("name", ["MONITORING_ENABLED", "AI_ANOMALY_DETECTION", "AUTO_REMEDIATION"])
@pytest.mark.parametrize(
    ("text", "value"),
    [("false", False), ("0", False), ("OFF", False), ("no", False), ("True", True), ("1", True)],
)
def test_a_flag_overrides_the_file(name: str, text: str, value: bool) -> None:
    settings = parse_settings(ONE, environ={name: text})
    assert getattr(settings, name.lower()) is value


def test_only_the_exact_names_count() -> None:
    environ = {"auto_remediation": "false", "AUSCULT_AUTO_REMEDIATION": "false", "PORT": "1"}
    assert parse_settings(ONE, environ=environ) == parse_settings(ONE)


def test_channels_are_a_list_with_commas() -> None:
    settings = parse_settings(ONE, environ={"ALERT_CHANNELS": "slack, email,pagerduty"})
    assert settings.alert_channels == ("slack", "email", "pagerduty")


@pytest.mark.parametrize("word", ["none", "shared", "off"])
def test_isolation_is_given_up_only_with_a_single_tenant(word: str) -> None:
    environ = {"TENANT_ISOLATION": word}
    assert parse_settings(ONE, environ=environ).tenant_isolation == word
    with pytest.raises(SettingError, match=r"TENANT_ISOLATION.*only `strict`.*\(a, b\)"):
        parse_settings(TWO, environ=environ)
    assert parse_settings(TWO, environ={"TENANT_ISOLATION": "strict"}).tenant_isolation == "strict"


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"AUTO_REMEDIATION": "maybe"}, "f.yaml:2:1: environment:AUTO_REMEDIATION: "),
        ({"AUTO_REMEDIATION": ""}, "f.yaml:2:1: environment:AUTO_REMEDIATION: "),
        ({"MONITORING_ENABLED": "2"}, "f.yaml:1:1: environment:MONITORING_ENABLED: "),
        ({"ALERT_CHANNELS": "a,,b"}, "f.yaml:1:1: environment:ALERT_CHANNELS: "),
        ({"ALERT_CHANNELS": ""}, "f.yaml:1:1: environment:ALERT_CHANNELS: "),
        ({"TENANT_ISOLATION": " "}, "f.yaml:1:1: environment:TENANT_ISOLATION: "),
        ({"TENANT_ISOLATION": "NO WAY"}, "f.yaml:1:1: environment:TENANT_ISOLATION: "),
    ],
)
def test_a_wrong_value_is_refused_with_the_place_it_overrides(
    environ: dict[str, str], place: str
) -> None:
    with pytest.raises(SettingError) as caught:
        parse_settings(ONE, file="f.yaml", environ=environ)
    assert place in str(caught.value)


def test_the_tree_in_force_says_that_a_variable_decided() -> None:
    settings = parse_settings(ONE, file="f.yaml", environ={"AUTO_REMEDIATION": "false"})
    rows: dict[str, Any] = {
        row.path: (row.value, str(row.origin)) for row in effective_tree(settings)
    }
    assert rows["auto_remediation"] == (False, "environment:AUTO_REMEDIATION")
    assert rows["monitoring_enabled"] == (True, "default")
