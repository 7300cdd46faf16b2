"""A real Alertmanager configuration becomes settings that the product takes and routes alike."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.product import BIN
from tests.servers import binary

SAMPLE = """\
global:
  smtp_smarthost: "mail.example:587"
  smtp_from: "am@example.org"
  smtp_auth_username: am
  smtp_auth_password: hunter2
  slack_api_url: "https://hooks.slack.com/services/T0/B0/hunter2"
  http_config: {follow_redirects: false}
templates: ["*.tmpl"]
route:
  receiver: mails
  group_by: [alertname, cluster]
  group_wait: 30s
  routes:
    - {match: {severity: critical}, receiver: pager, continue: true}
    - {match_re: {service: "foo1|foo2|baz"}, receiver: chat, mute_time_intervals: [weekends]}
    - {matchers: ['team!="a"', "env=~prod.*"], receiver: hooks}
inhibit_rules:
  - {source_match: {severity: critical}, target_match: {severity: warning}, equal: [alertname]}
mute_time_intervals:
  - {name: weekends, time_intervals: [{weekdays: ["saturday", "sunday"]}]}
receivers:
  - {name: mails, email_configs: [{to: "a@example.org, b@example.org", headers: {Subject: x}}]}
  - {name: pager, pagerduty_configs: [{routing_key: hunter2, severity: critical}]}
  - name: chat
    slack_configs: [{channel: "#x", title: "{{ .Status }}"}]
    wechat_configs: [{api_secret: hunter2}]
  - name: hooks
    webhook_configs:
      - {url: "https://ops.example/hook"}
      - {url: "https://two.example/hook", send_resolved: false}
"""


def translate(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(BIN / "auscult"), "import", str(file), "--tenant", "acme"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "alertmanager.yml"
    file.write_text(SAMPLE)
    return file


def test_what_is_made_is_taken_and_what_is_lost_is_said(sample: Path, tmp_path: Path) -> None:
    done = translate(sample)
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    channels = yaml.safe_load(done.stdout)["tenants"]["acme"]["channels"]
    assert channels["mails-email"]["to"] == ["a@example.org", "b@example.org"]
    assert channels["hooks-webhook-2"] == {
        "use": "webhook",
        "url": "https://two.example/hook",
        "form": "alertmanager",
    }
    for lost in (
        "templates",
        "global.http_config",
        "receivers.mails.email_configs[0].headers",
        "receivers.chat.slack_configs[0].title",
        "receivers.chat.wechat_configs[0]",
        "receivers.pager.pagerduty_configs[0].severity",
    ):
        assert f"{lost}:" in done.stderr
    variables = [line.split(":")[0].strip("# ") for line in done.stderr.splitlines()[1:4]]
    assert variables == [
        "MAILS_EMAIL_AUTH_PASSWORD",
        "PAGER_PAGERDUTY_ROUTING_KEY",
        "CHAT_SLACK_API_URL",
    ]
    settings = tmp_path / "auscult.yaml"
    settings.write_text(done.stdout)
    environ = dict.fromkeys(variables, "https://hooks.slack.com/services/T0/B0/x")
    checked = subprocess.run(
        [BIN / "auscult", "check", "-c", settings],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
        timeout=60,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stderr


def test_debians_own_file_is_translated() -> None:
    binary("prometheus-alertmanager")
    done = translate(Path("/etc/prometheus/alertmanager.yml"))
    assert done.returncode == 0, done.stderr
    settings = yaml.safe_load(done.stdout)["tenants"]["acme"]
    told = {one["name"]: one["to"] for one in settings["alerts"]["receivers"]}
    assert settings["alerts"]["route"]["receiver"] in told
    assert all(one["channel"] in settings["channels"] for to in told.values() for one in to)
    assert any(told.values()), "its mails go somewhere"
    lost = [line for line in done.stderr.splitlines() if "no such channel" in line]
    assert not lost


TAKEN_THERE = {
    "unquoted times": """\
route: {receiver: x, routes: [{receiver: x, mute_time_intervals: [o]}]}
receivers: [{name: x}]
time_intervals:
  - name: o
    time_intervals:
      - times: [{start_time: 17:00, end_time: 24:00}]
        days_of_month: [1:5, -3:-1]
        months: [1:3]
        years: [2026:2027]
        weekdays: [monday:friday]
        location: Local
""",
    "several in one text": """\
route: {receiver: x, routes: [{matchers: ['{team="x", env="prod"}', 'a=b,c=d']}]}
receivers: [{name: x}]
""",
    "texts that look like others": """\
route: {receiver: x, routes: [{match: {code: 500, enabled: true, v: 1.50}, continue: yes}]}
receivers: [{name: x}]
""",
    "anchors": """\
route: &own {receiver: x, group_wait: 1s}
receivers: [{name: x, webhook_configs: [&hook {url: 'http://a.example/'}, {<<: *hook}]}]
""",
    "nothing where something may be": """\
global:
route:
  receiver: x
  group_by:
  routes:
    - {match_re: {a: ".*"}, match: {severity: ""}, matchers: [], routes: ~}
receivers: [{name: x, slack_configs: ~, webhook_configs: []}]
inhibit_rules:
templates: []
""",
    "a relay of this machine": """\
global: {smtp_smarthost: 'localhost:25', smtp_from: 'AM <am@x.org>', smtp_require_tls: no,
  smtp_auth_username: am, smtp_auth_password: pw}
route: {receiver: x}
receivers: [{name: x, email_configs: [{to: 'Ops <a@x.org>'}]}]
""",
}


@pytest.mark.parametrize("what", TAKEN_THERE)
def test_what_alertmanager_takes_is_translated(what: str, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(TAKEN_THERE[what])
    command = [binary("amtool"), "check-config", str(file)]
    there = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "SUCCESS" in there.stdout, there.stdout + there.stderr
    done = translate(file)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "no route"),
        ("route: {receiver: x}\n", "undefined receiver 'x'"),
        ("route: {receiver: x, routes: [{matchers: ['a=~(']}]}\nreceivers: [{name: x}]\n", "a=~("),
        ("route: [", "while parsing"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(text)
    done = translate(file)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
