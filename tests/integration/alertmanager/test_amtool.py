"""Debian's amtool, unchanged, against a running auscult: every command line one would type."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product
from tests.servers import binary

ALERTS: dict[str, Any] = {
    "route": {
        "receiver": "team",
        "group_by": ["alertname"],
        "routes": [
            {"receiver": "nights", "matchers": ['severity="critical"'], "continue": True},
            {"receiver": "storage", "matchers": ['service=~"db|cache"'], "group_wait": "1h"},
            {"receiver": "nights", "matchers": [r'instance=~"web\\.(a|b)"', r'x!="a\"b"']},
        ],
    },
    "receivers": [{"name": name} for name in ("team", "nights", "storage")],
    "inhibit_rules": [
        {
            "source_matchers": ['severity="critical"'],
            "target_matchers": ['severity="warning"'],
            "equal": ["service"],
        }
    ],
}

pytestmark = pytest.mark.timeout(180)


class Amtool:
    """`amtool` with the address and the key it needs."""

    def __init__(self, product: Product, key: str) -> None:
        self.product = product
        self.config = product.folder / "http.yml"
        self.config.write_text(f"authorization: {{credentials: {key}}}\n")

    def __call__(self, *words: str, fails: bool = False) -> str:
        command = [binary("amtool"), f"--alertmanager.url={self.product.url}"]
        command += [f"--http.config.file={self.config}", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode != 0) is fails, (words, done.stdout, done.stderr)
        assert fails or "differ" not in done.stderr, "it warns of another version"
        return done.stdout + done.stderr

    def read(self, *words: str) -> Any:
        return json.loads(self("--output=json", *words))


@pytest.fixture(scope="module")
def amtool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amtool]:
    product = Product(tmp_path_factory.mktemp("amtool"), {"acme": {"alerts": ALERTS}})
    key = product.key("acme")
    with product:
        yield Amtool(product, key)


MINE = "service=~edge|db"


def test_alerts_are_added_and_found(amtool: Amtool) -> None:
    amtool(
        "alert",
        "add",
        "alertname=Slow",
        "service=edge",
        "severity=warning",
        "--annotation=summary=x",
    )
    amtool("alert", "add", "alertname=Full", "service=db", "severity=critical")
    amtool("alert", "add", "alertname=Late", "service=db", "severity=warning")
    assert names(amtool.read("alert", "query", MINE)) == {"Slow", "Full"}, "Late is inhibited"
    assert names(amtool.read("alert", "query", "--inhibited", MINE)) == {"Late"}
    assert names(amtool.read("alert", "query", "alertname=~S.*")) == {"Slow"}
    assert names(amtool.read("alert", "query", "--receiver=nights")) == {"Full"}
    assert "Slow" in amtool("alert", "query", "--output=extended", "service=edge")
    found = amtool.read("alert", "query", "alertname=Full")[0]
    assert [one["name"] for one in found["receivers"]] == ["nights", "storage"]


def test_an_alert_that_ends_is_gone(amtool: Amtool) -> None:
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    amtool("alert", "add", "alertname=Short", f"--end={soon}")
    assert names(amtool.read("alert", "query", "alertname=Short")) == {"Short"}
    time.sleep(3)
    assert amtool.read("alert", "query", "alertname=Short") == []


def test_a_silence_is_added_changed_and_ended(amtool: Amtool) -> None:
    amtool("alert", "add", "alertname=Loud", "service=mix")
    made = amtool("silence", "add", "alertname=Loud", "-c", "we know", "-a", "ann", "-d", "1h")
    number = made.strip()
    assert names(amtool.read("alert", "query", "alertname=Loud")) == set()
    assert names(amtool.read("alert", "query", "--silenced", "alertname=Loud")) == {"Loud"}
    assert [one["id"] for one in amtool.read("silence", "query", "alertname=Loud")] == [number]
    assert amtool("silence", "query", "--quiet", "alertname=Loud").strip() == number
    again = amtool("silence", "update", "-d", "2h", "-c", "longer", number)
    assert "longer" in again
    assert [one["id"] for one in amtool.read("silence", "query", "alertname=Loud")] == [number], (
        "the same one"
    )
    amtool("silence", "expire", number)
    assert amtool.read("silence", "query", "alertname=Loud") == []
    assert number in json.dumps(amtool.read("silence", "query", "--expired", "alertname=Loud"))
    assert names(amtool.read("alert", "query", "alertname=Loud")) == {"Loud"}


def test_silences_are_imported_and_wrong_ones_refused(amtool: Amtool, tmp_path: Path) -> None:
    amtool("silence", "add", "alertname=~I.*", "job!=x", "-c", "one", "-d", "30m")
    listed = json.dumps(amtool.read("silence", "query", "alertname=~I.*"))
    file = tmp_path / "silences.json"
    file.write_text(listed.replace('"comment": "one"', '"comment": "two"'))
    amtool("silence", "import", "--force", str(file))
    both = {one["comment"]: one for one in amtool.read("silence", "query", "alertname=~I.*")}
    assert both.keys() == {"one", "two"}, "beside the first one there is the imported one"
    assert both["one"]["matchers"] == both["two"]["matchers"]
    assert both["one"]["id"] != both["two"]["id"]
    ids = amtool("silence", "query", "--quiet").split()
    amtool("silence", "expire", *ids)
    assert amtool("silence", "query", "--quiet").split() == []
    assert "404" in amtool("silence", "expire", "0d6a4d2c-6e2f-4a8c-9d6b-000000000000", fails=True)


def test_the_configuration_is_shown_and_routes_are_tried(amtool: Amtool) -> None:
    assert "receiver: team" in amtool("config", "show")
    assert 'service=~"db|cache"' in amtool("config", "routes", "show")
    assert amtool("config", "routes", "test", "severity=critical").strip() == "nights"
    both = amtool("config", "routes", "test", "severity=critical", "service=db").strip()
    assert both == "nights,storage"
    amtool("config", "routes", "test", "--verify.receivers=team", "service=edge")
    amtool("config", "routes", "test", "--verify.receivers=nights", "service=edge", fails=True)
    web = amtool("config", "routes", "test", "instance=web.a", "service=web").strip()
    assert web == "nights", "a backslash means what it means to Alertmanager"
    assert amtool("config", "routes", "test", "instance=web-a", "service=web").strip() == "team"
    assert "disabled" in amtool("cluster", "show")
    file = amtool.product.folder / "shown.yml"
    file.write_text(amtool("config", "show"))
    assert "SUCCESS" in amtool("check-config", str(file))


def test_the_key_may_stand_in_the_address(amtool: Amtool) -> None:
    key = amtool.config.read_text().partition("credentials: ")[2].rstrip("}\n")
    address = amtool.product.url.replace("http://", f"http://anybody:{key}@")
    command = [binary("amtool"), f"--alertmanager.url={address}", "--output=json", "alert"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), list)


@pytest.mark.parametrize(
    "matcher",
    [r'path="C:\\temp"', r'title=~"a\\.b"', 'title="say \\"ah\\""', 'title="x\ny"', r"p=\d"],
)
def test_a_silence_is_what_amtool_says_it_is(amtool: Amtool, matcher: str) -> None:
    number = amtool("silence", "add", matcher, "-c", "x", "-a", "ann", "-d", "1h").strip()
    (found,) = amtool.read("silence", "query", matcher)
    assert found["id"] == number, "the same text finds it again"
    amtool("silence", "expire", number)


def names(alerts: list[dict[str, Any]]) -> set[str]:
    return {one["labels"]["alertname"] for one in alerts}
