"""What `auscult import` makes of an Alertmanager's configuration is what `auscult check` takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from auscult.kernel.errors import SettingError
from auscult.notification.decide.alerts import Alerting
from auscult.notification.decide.alerts.translating import translate
from auscult.surface.cli.settings.importing import import_config

ROUTE = "route: {receiver: team}\n"
OF_NOBODY = "{to: '{{ .CommonLabels.owner }}@x.org', from: am@x.org, smarthost: 'm:25'}"
BOT = (
    "channel: '#x', api_url: 'https://slack.com/api/chat.postMessage', "
    "http_config: {authorization: {credentials: hunter2}}"
)
MAIL = (
    "to: 'Ops <a@x.org>, b@x.org', from: 'AM <am@x.org>', "
    "smarthost: '[2001:db8::1]:465', auth_username: u, auth_password: hunter2"
)
CLOCKS = """\
route: {receiver: team, routes: [{receiver: team, mute_time_intervals: [o]}]}
receivers: [{name: team}]
time_intervals:
  - name: o
    time_intervals:
      - {times: [{start_time: 17:00, end_time: 24:00}], days_of_month: [1:5], months: [1:3]}
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What was written, and what was said beside it."""

    settings: dict[str, Any]
    said: str

    @property
    def channels(self) -> dict[str, Any]:
        found: dict[str, Any] = self.settings["tenants"]["acme"]["channels"]
        return found

    @property
    def alerts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.settings["tenants"]["acme"]["alerts"]
        return found


class Importing:
    """The command over a text."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "alertmanager.yml"
        self.capsys = capsys

    def __call__(self, text: str) -> Told:
        self.file.write_text(text)
        import_config(self.file, "acme")
        out, err = self.capsys.readouterr()
        return Told(yaml.safe_load(out), err)

    def receiver(self, *integrations: str, more: str = "") -> Told:
        """Import one receiver of these integrations."""
        return self(f"{ROUTE}{more}\nreceivers: [{{name: team, {', '.join(integrations)}}}]\n")


@pytest.fixture
def importing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importing:
    return Importing(tmp_path, capsys)


def test_times_and_texts_are_what_they_look_like(importing: Importing) -> None:
    times = importing(CLOCKS).alerts["time_intervals"][0]["time_intervals"][0]
    assert times["times"] == [{"start_time": "17:00", "end_time": "24:00"}]
    assert (times["days_of_month"], times["months"]) == (["1:5"], ["1:3"])
    route = (
        "route: {receiver: team, routes: [{match: {code: 500, on: true, v: 1.50}, continue: yes}]}"
    )
    (branch,) = importing(f"{route}\nreceivers: [{{name: team}}]").alerts["route"]["routes"]
    assert branch["match"] == {"code": "500", "on": "true", "v": "1.50"}
    assert branch["continue"] is True


def test_a_zone_of_its_own_machine_is_said(importing: Importing) -> None:
    told = importing(CLOCKS.replace("months:", "location: Local, months:"))
    assert "location" not in told.alerts["time_intervals"][0]["time_intervals"][0]
    assert "time_intervals.o.location" in told.said


def test_anchors_and_merges_are_followed(importing: Importing) -> None:
    told = importing(
        "x-hook: &hook {send_resolved: false, url: 'https://a.example/'}\n"
        "route: {receiver: team}\n"
        "receivers: [{name: team, webhook_configs: [{<<: *hook}, {<<: [*hook], url: 'http://b/'}]}]\n"
    )
    assert [one["url"] for one in told.channels.values()] == ["https://a.example/", "http://b/"]
    assert [one["send_resolved"] for one in told.alerts["receivers"][0]["to"]] == [False, False]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{team="x", env="prod"}', ['team="x"', 'env="prod"']),
        ("a=b,c=d", ['a="b"', 'c="d"']),
        ('"service.name"="api"', ['service.name="api"']),
        (r'instance=~"web\\.(a|b)"', [r'instance=~"web\\.(a|b)"']),
    ],
)
def test_matchers_mean_the_same(importing: Importing, written: str, said: list[str]) -> None:
    route = {"receiver": "team", "routes": [{"receiver": "team", "matchers": [written]}]}
    alerts = importing(yaml.safe_dump({"route": route, "receivers": [{"name": "team"}]})).alerts
    conditions = Alerting.model_validate(alerts).route.routes[0].conditions
    assert sorted(map(str, conditions)) == sorted(said)


@pytest.mark.parametrize(
    ("integration", "channel", "settings"),
    [
        (
            "discord_configs: [{webhook_url: 'https://discord.com/api/webhooks/1/hunter2'}]",
            "team-discord",
            {"use": "discord", "url": "env:TEAM_DISCORD_WEBHOOK_URL"},
        ),
        (
            "telegram_configs: [{bot_token: hunter2, chat_id: -100, message_thread_id: 7}]",
            "team-telegram",
            {
                "use": "telegram",
                "token": "env:TEAM_TELEGRAM_BOT_TOKEN",
                "chat_id": "-100",
                "thread_id": 7,
            },
        ),
        (
            "msteamsv2_configs: [{webhook_url: 'https://x.example/w?sig=hunter2'}]",
            "team-teams",
            {"use": "teams", "url": "env:TEAM_TEAMS_WEBHOOK_URL"},
        ),
        (
            "slack_configs: [{channel: '#x', api_url_file: /run/s}]",
            "team-slack",
            {"use": "slack", "url": "env:TEAM_SLACK_API_URL"},
        ),
        (
            f"slack_configs: [{{{BOT}}}]",
            "team-slack",
            {"use": "slack", "token": "env:TEAM_SLACK_APP_TOKEN", "channel": "#x"},
        ),
        (
            "pagerduty_configs: [{routing_key: hunter2, url: 'https://pd.example/v2/enqueue'}]",
            "team-pagerduty",
            {
                "use": "pagerduty",
                "routing_key": "env:TEAM_PAGERDUTY_ROUTING_KEY",
                "url": "https://pd.example/v2/enqueue",
            },
        ),
        (
            "webhook_configs: [{url: 'https://user:hunter2@ops.example/'}]",
            "team-webhook",
            {"use": "webhook", "url": "env:TEAM_WEBHOOK_URL", "form": "alertmanager"},
        ),
        (
            "webhook_configs: [{url: 'https://ops.example/T0/B0hunter2'}]",
            "team-webhook",
            {"use": "webhook", "url": "env:TEAM_WEBHOOK_URL", "form": "alertmanager"},
        ),
        (
            "opsgenie_configs: [{api_key: hunter2}]",
            "team-apprise",
            {"use": "apprise", "url": "env:TEAM_APPRISE_URL"},
        ),
        (
            "victorops_configs: [{api_key: hunter2, routing_key: r}]",
            "team-apprise",
            {"use": "apprise", "url": "env:TEAM_APPRISE_URL"},
        ),
        (
            f"email_configs: [{{{MAIL}}}]",
            "team-email",
            {
                "use": "email",
                "host": "2001:db8::1",
                "sender": "am@x.org",
                "to": ["a@x.org", "b@x.org"],
                "port": 465,
                "security": "ssl",
                "username": "u",
                "password": "env:TEAM_EMAIL_AUTH_PASSWORD",
            },
        ),
    ],
)
def test_an_integration_becomes_a_channel_and_its_secrets_variables(
    importing: Importing, integration: str, channel: str, settings: dict[str, Any]
) -> None:
    told = importing.receiver(integration)
    assert told.channels == {channel: settings}
    assert "hunter2" not in told.said
    references = [value for value in settings.values() if str(value).startswith("env:")]
    assert all(f"{one.removeprefix('env:')}: receivers.team" in told.said for one in references)


def test_what_slack_is_told_goes_where_its_channel_says(importing: Importing) -> None:
    told = importing.receiver(
        "slack_configs: [{channel: '#a'}, {channel: '#b'}]",
        more="global: {slack_api_url: 'https://hooks.slack.com/services/hunter2'}",
    )
    urls = [one["url"] for one in told.channels.values()]
    assert urls == ["env:TEAM_SLACK_API_URL", "env:TEAM_SLACK_2_API_URL"], "one for each room"
    assert "'#a'" in told.said
    assert "'#b'" in told.said


def test_a_relay_without_tls_gets_no_password(importing: Importing) -> None:
    mail = "email_configs: [{to: a@x.org}]"
    smtp = "smtp_smarthost: 'localhost:25', smtp_from: am@x.org, smtp_require_tls: false"
    told = importing.receiver(mail, more=f"global: {{{smtp}, smtp_auth_username: u}}")
    assert told.channels["team-email"]["security"] == "starttls"
    assert "require_tls" in told.said
    assert told.settings["outbound"] == {"allow": ["127.0.0.1/32"]}
    assert "localhost lies inside" in told.said
    told = importing.receiver(mail, more=f"global: {{{smtp}}}")
    assert told.channels["team-email"]["security"] == "none"


@pytest.mark.parametrize(
    "integration",
    [
        "jira_configs: [{project: P}]",
        f"email_configs: [{OF_NOBODY}]",
        "telegram_configs: [{bot_token: hunter2, chat_id_file: /run/c}]",
    ],
)
def test_a_receiver_of_which_nothing_is_left_makes_incidents(
    importing: Importing, integration: str
) -> None:
    told = importing(
        f"{ROUTE}receivers:\n"
        f"  - {{name: lost, {integration}}}\n"
        "  - {name: nobody}\n"
        "  - {name: team, discord_configs: [{webhook_url: 'https://discord.com/api/1/x'}]}\n"
    )
    lost, nobody, _ = told.alerts["receivers"]
    assert lost == {"name": "lost", "to": [], "incidents": True}
    assert nobody == {"name": "nobody", "to": []}, "who told nobody before tells nobody"
    assert "receivers.lost: nothing of it" in told.said
    assert told.settings["tenants"]["acme"]["routes"] == [{"to": ["team-discord"]}]


def test_that_no_incidents_are_made_is_said(importing: Importing) -> None:
    assert "becomes no incident" in importing.receiver("pagerduty_configs: [{routing_key: x}]").said
    assert importing(f"{ROUTE}receivers: [{{name: team}}]").said == ""


def test_an_inhibition_that_cannot_be_said_is_left_out_and_named(importing: Importing) -> None:
    told = importing(
        f"{ROUTE}receivers: [{{name: team}}]\n"
        "inhibit_rules:\n"
        "  - {name: n, source_match: {severity: critical}, target_matchers: [severity=info]}\n"
        "  - {sources: [{source_matchers: [a=b]}], target_matchers: [c=d]}\n"
    )
    (rule,) = told.alerts["inhibit_rules"]
    assert rule["source_match"] == {"severity": "critical"}
    assert "inhibit_rules[1]" in told.said


def test_what_a_check_would_refuse_is_said_after_it_is_written(
    importing: Importing, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingError, match=r"auscult check would refuse .*:\d+:\d+: .*url"):
        importing.receiver("webhook_configs: [{url: 'ftp://ops.example/'}]")
    assert "ftp://ops.example/" in capsys.readouterr().out


def test_an_address_of_apprise_is_made_of_the_fields() -> None:
    opsgenie, pushover = {"api_key": "a/b ü"}, {"user_key": "u", "token": "t"}
    mattermost = {"webhook_url": "http://chat.example:8065/hooks/t0k3n"}
    entries = {
        "opsgenie_configs": (opsgenie,),
        "pushover_configs": (pushover,),
        "mattermost_configs": (mattermost,),
    }
    config = {"route": {"receiver": "team"}, "receivers": ({"name": "team", **entries},)}
    made = translate(config, able=lambda _use: frozenset())
    assert list(made.values.values()) == [
        "opsgenie://a%2Fb%20%C3%BC",
        "pover://u@t",
        "mmost://chat.example:8065/t0k3n",
    ]
    assert "(pover://USER_KEY@TOKEN)" in made.secrets[1]


def test_a_webhook_says_who_it_is_where_the_channel_can() -> None:
    hook = {"url": "https://ops.example/", "http_config": {"authorization": {"credentials": "x"}}}
    basic = {"url": "https://a.example/", "http_config": {"basic_auth": {"username": "u"}}}
    key = {"type": "ApiKey", "credentials": "hunter2"}
    other = {"url": "https://b.example/", "http_config": {"authorization": key}}
    config = {
        "route": {"receiver": "team"},
        "receivers": ({"name": "team", "webhook_configs": (hook, basic, other)},),
    }
    able = translate(config, able=lambda _use: frozenset({"bearer", "basic", "headers"}))
    first, second, third = able.channels.values()
    assert first["bearer"] == "env:TEAM_WEBHOOK_HTTP_CONFIG_AUTHORIZATION"
    password = "env:TEAM_WEBHOOK_2_HTTP_CONFIG_BASIC_AUTH_PASSWORD"
    assert second["basic"] == {"username": "u", "password": password}
    variable = "TEAM_WEBHOOK_3_HTTP_CONFIG_AUTHORIZATION"
    assert third["headers"] == {"Authorization": f"env:{variable}"}
    assert able.values[variable] == "ApiKey hunter2"
    assert not able.lost
    unable = translate(config, able=lambda _use: frozenset())
    assert "bearer" not in unable.channels["team-webhook"]
    assert len([one for one in unable.lost if "is asked without it" in one]) == 3


@pytest.mark.parametrize(
    ("http", "setting"),
    [
        ("authorization: {credentials: hunter2}", "bearer"),
        ("bearer_token: hunter2", "bearer"),
        ("basic_auth: {username: u, password: hunter2}", "basic"),
        ("authorization: {type: ApiKey, credentials: hunter2}", "headers"),
    ],
)
def test_what_a_webhook_is_to_say_its_channel_takes_or_it_is_named(
    importing: Importing, http: str, setting: str
) -> None:
    hook = f"webhook_configs: [{{url: 'https://ops.example/', http_config: {{{http}}}}}]"
    told = importing.receiver(hook)
    field = http.partition(":")[0]
    remark = f"http_config.{field}: not taken over: the webhook is asked without it"
    assert (setting in told.channels["team-webhook"]) is not (remark in told.said)
    assert "hunter2" not in told.said
