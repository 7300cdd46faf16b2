"""`auscult why` and `auscult whatif` on the store of a settings file."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auscult.engine.alerts.taking import take_in
from auscult.engine.alerts.telling import ring_groups
from auscult.engine.events.records import settle
from auscult.kernel.alerts import Alert
from auscult.kernel.facts import Acknowledged, Found
from auscult.kernel.words import TenantId
from auscult.runtime.clock import FakeClock, SystemClock
from auscult.runtime.settings import load_settings
from auscult.store import Store
from auscult.surface.cli.entry import main
from auscult.surface.cli.settings.checking import plan_settings
from tests.unit.engine.bench import ACME, a_finding

SETTINGS = """
data_dir: {folder}/data
store: {{url: "sqlite:///{folder}/house.db"}}
tenants:
  other: {{}}
  acme:
    channels: {{ops: {{use: console}}, phone: {{use: console}}}}
    oncall:
      people: [{{name: ada, time_zone: UTC, contacts: [phone]}}]
      policies: [{{name: p, steps: [{{to: "person:ada", name: L1}}], fallback: "channel:ops"}}]
      policy: p
    routes: [{{to: [ops], severity: [{severity}]}}]
"""
Say = Callable[..., str]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name, severity in (("auscult", "critical"), ("new", "warning")):
        text = SETTINGS.format(folder=tmp_path, severity=severity)
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def incident(house: Path) -> str:
    """An incident of an hour ago, which ada took a minute after it began."""
    plans = plan_settings(load_settings(house / "auscult.yaml"))
    clock = FakeClock(SystemClock().now_ms() - 3_600_000)
    store = Store.open(f"sqlite:///{house}/house.db")
    store.migrate()
    with store.write() as work:
        for name in ("other", ACME):
            work.directory.add_tenant(TenantId(name), name, clock.now_ms())
        found = Found(finding=a_finding(at_ms=clock.now_ms()))
        settled = settle(work, found, plans, clock=clock)
        assert settled.incident is not None
        clock.advance(s=60)
        taken = Acknowledged(tenant=ACME, incident=settled.incident.id, by="ada")
        settle(work, taken, plans, clock=clock)
    store.close()
    return settled.incident.id


@pytest.fixture
def say(house: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run `auscult`; return what it prints, or its exit code and its line on stderr."""

    def run(*words: str) -> str:
        monkeypatch.chdir(house)
        monkeypatch.setattr(sys, "argv", ["auscult", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return f"{ended.value.code} {printed.err}" if ended.value.code else printed.out

    return run


def test_why_tells_what_was_decided_and_what_not(say: Say, incident: str) -> None:
    told = say("why", incident)
    assert re.search(r"Z  decided  +Decided: called ada\.", told)
    assert "no  route 1 (ops): severity warning is not listed (critical)" in told
    assert re.search(r"yes person ada by phone: named by the policy \(at 20", told)
    assert "ada: Acknowledged by ada." in told
    assert re.search(r"pending +opened to ada by phone, 0 attempts", told)


def test_why_answers_one_person(say: Say, incident: str) -> None:
    told = say("why", incident, "--person", "Ada", "--tenant", "acme")
    assert "ada was called 1 time." in told
    assert re.search(r"Z \* L1 calls ada by phone \(named by the policy\): not sent yet", told)


def test_why_as_json_holds_the_same(say: Say, incident: str) -> None:
    told = json.loads(say("why", incident, "--json"))
    assert told["incident"]["id"] == incident
    assert {one["kind"] for one in told["entries"]} == {"seen", "called", "decided", "person"}
    assert told["messages"][0]["people"] == ["ada"]


def test_why_of_nothing_and_nobody_is_one_line(say: Say, incident: str) -> None:
    assert say("why", "nowhere").startswith("1 auscult: ")
    assert "nowhere" in say("why", "nowhere")
    assert say("why", incident, "--tenant", "other").startswith("1 ")
    assert "known are ada" in say("why", incident, "--person", "zoe")
    assert say("why", incident, "--tenant", "third").startswith("2 ")


@pytest.mark.usefixtures("incident")
def test_why_of_alerts_says_what_their_groups_would_tell(say: Say, house: Path) -> None:
    plans = plan_settings(load_settings(house / "auscult.yaml"))
    now_ms = SystemClock().now_ms()
    alert = Alert("fp", (("alertname", "Down"),), (), now_ms, now_ms + 3_600_000, now_ms)
    store = Store.open(f"sqlite:///{house}/house.db")
    with store.write() as work:
        paths = plans.of(ACME).rules.alerting.paths
        take_in(work.of(ACME), [alert], paths, now_ms=now_ms)
    store.close()
    assert re.search(
        r"^acme .*\n  now: yes .*: first notification\n", say("why", "--alert", "alertname=Down")
    )
    (told,) = json.loads(say("why", "--alert", "alertname=Down", "--json"))
    assert told["answers"][0]["tells"] is True
    assert told["entries"] == []
    store = Store.open(f"sqlite:///{house}/house.db")
    with store.write() as work:
        ids = [one.id for one in work.of(ACME).groups.page()]
        ring_groups(work.of(ACME), ids, plans.of(ACME).rules, now_ms=now_ms)
    store.close()
    assert re.search(
        r"decided  Decided: told incidents .*\n +yes channel incidents: first notification: Down\n"
        r"  now: no  ",
        say("why", "--alert", "alertname=Down"),
    )
    assert "no group is known" in say("why", "--alert", "alertname=Up", "--tenant", "acme")
    assert say("why", "--alert", "(").startswith("2 ")


def test_why_of_nothing_at_all_or_of_two_things_is_refused(say: Say) -> None:
    for words in ((), ("i1", "--alert", "alertname=Down")):
        assert "name an incident, or alerts by --alert" in say("why", *words)


@pytest.mark.usefixtures("incident")
def test_whatif_of_the_same_settings_changes_nothing(say: Say) -> None:
    told = say("whatif", "-c", "auscult.yaml", "acme")
    assert "present settings: 1 pages; on record are 1, of which the replay has 1" in told
    assert "added: 0" in told
    assert "removed: 0" in told


def test_whatif_lists_what_other_settings_add(say: Say, incident: str) -> None:
    told = say("whatif", "-c", "new.yaml", "acme", "--days", "2")
    assert re.search(rf"\+ 20\S+ \S+Z  {incident}  ops  route  encode is slow", told)
    assert re.search(r"ops +0 -> 1 +\+1", told)
    found = json.loads(say("whatif", "-c", "new.yaml", "acme", "--json"))
    assert [one["channel"] for one in found["added"]] == ["ops"]
    assert found["removed"] == []
    assert (found["tenant"], found["incidents"]) == ("acme", 1)


ALERTS = """
    alerts:
      route: {{receiver: team, group_wait: 0s}}
      receivers: [{{name: team, to: [{channel}]}}]
"""


@pytest.mark.usefixtures("incident")
def test_whatif_lists_what_receivers_would_tell_of_alerts(say: Say, house: Path) -> None:
    for name, channel in (("auscult", "ops"), ("new", "phone")):
        path = house / f"{name}.yaml"
        path.write_text(path.read_text().rstrip() + ALERTS.format(channel=channel))
    rules = plan_settings(load_settings(house / "auscult.yaml")).of(ACME).rules
    now_ms = SystemClock().now_ms() - 60_000
    alert = Alert("fp", (("alertname", "Down"),), (), now_ms, now_ms + 3_600_000, now_ms)
    assert "0 alerts of others" in say("whatif", "-c", "new.yaml", "acme")
    store = Store.open(f"sqlite:///{house}/house.db")
    with store.write() as work:
        take_in(work.of(ACME), [alert], rules.alerting.paths, now_ms=now_ms)
        ids = [one.id for one in work.of(ACME).groups.page()]
        ring_groups(work.of(ACME), ids, rules, now_ms=now_ms)
    store.close()
    told = say("whatif", "-c", "new.yaml", "acme")
    assert "1 alerts of others that receivers told, or that settings muted" in told
    assert "on record are 1, of which the replay has 1" in told
    assert re.search(r"added: 1\n\+ 20\S+ \S+Z  phone  Down\n", told)
    assert re.search(r"removed: 1\n- 20\S+ \S+Z  ops  Down\n", told)
    assert "\nnot known: " in told
    found = json.loads(say("whatif", "-c", "new.yaml", "acme", "--json"))["alerts"]
    assert [one["channel"] for one in found["added"]] == ["phone"]


@pytest.mark.usefixtures("incident")
def test_whatif_refuses_what_cannot_be(say: Say, house: Path) -> None:
    assert "choose 1 to 90" in say("whatif", "-c", "new.yaml", "acme", "--days", "91")
    assert say("whatif", "-c", "new.yaml", "third").startswith("2 ")
    (house / "lone.yaml").write_text(f"data_dir: {house}/data\ntenants: {{other: {{}}}}\n")
    assert "no tenant 'acme'" in say("whatif", "-c", "lone.yaml", "acme")
    (house / "wrong.yaml").write_text("tenants: {acme: {routes: [{to: [nobody]}]}}\n")
    assert re.search(
        r"2 auscult: .*wrong\.yaml:1:.*no channel 'nobody'",
        say("whatif", "-c", "wrong.yaml", "acme"),
    )


@pytest.mark.usefixtures("incident")
def test_whatif_changes_nothing_in_the_store(say: Say, house: Path) -> None:
    before = (house / "house.db").read_bytes()
    say("whatif", "-c", "new.yaml", "acme")
    assert (house / "house.db").read_bytes() == before
