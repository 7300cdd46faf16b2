"""Settings read anew by SIGHUP and by the API: all or nothing, with the diff in the audit log."""

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auscult.kernel.sounds import Stream, Unheard, Why
from auscult.kernel.words import Subject
from auscult.signals.vantage import SOUND_MEDIA, pack_sound
from auscult.store import Store
from tests.integration.remote_write import now_ms
from tests.integration.settings.scene import RULE, TENANT, incidents, metric, push, until
from tests.product import Product

pytestmark = pytest.mark.timeout(90)


@dataclass(slots=True)
class Running:
    """A running product, and a key of each role."""

    product: Product
    admin: str
    member: str

    def rewrite(self, **tenants: Any) -> None:
        """Write another settings file with these tenants."""
        self.product.tenants = tenants
        self.product.write_config()

    def head(self) -> str:
        """Return the first four lines of a settings file: what only a restart can change."""
        tree = json.loads(self.product.config.read_text())
        fixed = ("server", "store", "data_dir", "outbound")
        return "".join(f"{name}: {json.dumps(tree[name])}\n" for name in fixed)

    def reloads(self) -> list[dict[str, Any]]:
        """Return the audit rows of reloads, the newest first."""
        _, page = self.product.ask("/api/v1/audit?limit=100", self.member)
        return [row for row in page["rows"] if row["action"] == "settings.reloaded"]

    def hang_up(self) -> None:
        """Send SIGHUP."""
        assert self.product.process is not None
        self.product.process.send_signal(signal.SIGHUP)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    product = Product(tmp_path_factory.mktemp("reload"), {TENANT: {"detectors": [RULE]}})
    admin, member = product.key(TENANT, "admin"), product.key(TENANT)
    with product:
        yield Running(product, admin, member)
    assert product.process is not None
    assert product.process.returncode == 0


@pytest.fixture(autouse=True)
def as_at_first(running: Running) -> None:
    """Begin every test with the first settings."""
    running.rewrite(acme={"detectors": [RULE]})
    status, said = running.product.ask("/api/v1/settings/reload", running.admin, body=b"")
    assert status == 200, said


def said_by(running: Running) -> str:
    """Return everything that any signal of any incident says."""
    found = incidents(running.product, running.member)
    return " ".join(signal["sentence"] for one in found for signal in one["signals"])


def test_sighup_takes_the_file_anew_and_writes_the_diff_down(running: Running) -> None:
    before = len(running.reloads())
    running.rewrite(acme={"detectors": [{**RULE, "above": 5.0}]})
    running.hang_up()
    until(lambda: len(running.reloads()) > before, "the reload is in the audit log")
    row = running.reloads()[0]
    assert row["actor"] == "SIGHUP"
    assert row["detail"]["changes"] == [
        {"path": "tenants.acme.detectors[0].above", "old": 0.5, "new": 5.0}
    ]
    assert push(running.product, running.member, "below-the-new-limit", 1.0) == 204
    assert push(running.product, running.member, "beyond-the-new-limit", 6.0) == 204
    until(lambda: "beyond-the-new-limit" in said_by(running), "the new limit is in force")
    assert "below-the-new-limit" not in said_by(running)
    assert running.product.ask("/api/v1/audit/verify", running.admin)[1]["verified"] is True


def test_the_api_reloads_for_an_admin_and_tells_the_diff(running: Running) -> None:
    running.rewrite(acme={"detectors": [RULE], "false_pages_per_week": 7})
    before = len(running.reloads())
    status, said = running.product.ask("/api/v1/settings/reload", running.member, body=b"")
    assert (status, said["error"]["code"]) == (403, "access.permission_missing")
    assert len(running.reloads()) == before
    done = metric(running.product, "auscult_settings_reloads_total", result="done")
    status, said = running.product.ask("/api/v1/settings/reload", running.admin, body=b"")
    assert status == 200
    assert said["changes"] == [
        {"path": "tenants.acme.false_pages_per_week", "before": 2.0, "after": 7.0}
    ]
    row = running.reloads()[0]
    assert row["actor"].startswith("acme/")
    assert row["detail"]["changes"][0]["new"] == 7.0
    assert metric(running.product, "auscult_settings_reloads_total", result="done") == done + 1


def test_a_tenant_that_a_reload_brings_can_write_at_once(running: Running) -> None:
    running.rewrite(acme={"detectors": [RULE]}, newcomer={"detectors": [RULE]})
    assert running.product.ask("/api/v1/settings/reload", running.admin, body=b"")[0] == 200
    store = Store.open(f"sqlite:///{running.product.folder}/auscult.db")
    with store.read() as work:
        assert "newcomer" in work.directory.tenants(), "the reload itself admits it"
    store.close()
    key = running.product.key("newcomer")
    assert push(running.product, key, "edge", 1.0) == 204
    until(lambda: incidents(running.product, key), "the newcomer's rule finds something")
    assert all("edge" not in one["headline"] for one in incidents(running.product, running.member))


def test_of_a_tenant_that_a_reload_takes_away_what_monitors_hold_ends(running: Running) -> None:
    running.rewrite(acme={"detectors": [RULE]}, guest={})
    assert running.product.ask("/api/v1/settings/reload", running.admin, body=b"")[0] == 200
    key = running.product.key("guest")
    stream = Stream("pop", "pop", Subject(service="edge"))

    def is_missed() -> bool:
        report = pack_sound(stream, Unheard(Why.REFUSED, now_ms(), ""), sent_ms=now_ms())
        media = {"Content-Type": SOUND_MEDIA}
        assert running.product.ask("/api/v1/sounds", key, body=report, headers=media)[0] == 200
        return bool(incidents(running.product, key))

    until(is_missed, "the stream is told to be unheard")
    for is_back in (False, True):
        guests: dict[str, Any] = {"guest": {}} if is_back else {}
        running.rewrite(acme={"detectors": [RULE]}, **guests)
        assert running.product.ask("/api/v1/settings/reload", running.admin, body=b"")[0] == 200
    (incident,) = incidents(running.product, key)
    assert [signal["phase"] for signal in incident["signals"]] == ["cleared"]


def test_what_only_a_start_reads_is_not_said_to_be_reloaded(running: Running) -> None:
    running.product.extra = {"tracing": {"enabled": True}}
    running.rewrite(acme={"detectors": [RULE]})
    try:
        status, said = running.product.ask("/api/v1/settings/reload", running.admin, body=b"")
    finally:
        running.product.extra = {}
    assert status == 422
    assert "only a restart can change tracing.enabled" in str(said)


WRONG = {
    "not YAML": ("tenants: [", r"auscult\.yaml:\d+:\d+: "),
    "an unknown key": ("tenants: {acme: {detektors: []}}", r"yaml:5:18: .*detectors"),
    "an unknown plug": (
        "tenants: {acme: {detectors: [{use: treshold}]}}",
        r"yaml:5:36: .*threshold",
    ),
    "a wrong type": (
        'tenants: {acme: {detectors: [{use: threshold, match: ["a"], above: often}]}}',
        r"yaml:5:\d+: above: .*number",
    ),
    "a channel that is not there": (
        "tenants: {acme: {channels: {log: {use: console}}, routes: [{to: [logg]}]}}",
        r"yaml:5:66: no channel 'logg'; configured are log",
    ),
    "no tenant": ("tenants: {}", r"yaml:5:10: tenants: at least one"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_with_its_place_and_changes_nothing(
    running: Running, name: str
) -> None:
    text, told = WRONG[name]
    product = running.product
    before, rows = product.ask("/api/v1/settings", running.member)[1], len(running.reloads())
    refused = metric(product, "auscult_settings_reloads_total")
    done = metric(product, "auscult_settings_reloads_total", result="done")
    product.config.write_text(running.head() + text)
    status, said = product.ask("/api/v1/settings/reload", running.admin, body=b"")
    assert status == 422
    assert said["error"]["code"].startswith("setting")
    assert re.search(told, said["error"]["detail"]), said["error"]["detail"]
    assert product.ask("/api/v1/settings", running.member)[1] == before
    assert len(running.reloads()) == rows
    assert metric(product, "auscult_settings_reloads_total", result="done") == done
    assert metric(product, "auscult_settings_reloads_total") == refused + 1
    assert push(product, running.member, f"after-{len(text)}", 1.0) == 204
    until(
        lambda: f"after-{len(text)}" in str(incidents(product, running.member)),
        "the old rule is in force still",
    )


def test_sighup_on_a_wrong_file_is_logged_with_its_place_and_survived(running: Running) -> None:
    running.product.config.write_text(running.head() + "tenants: {acme: {detektors: []}}")
    running.hang_up()
    until(
        lambda: (
            "settings not reloaded" in running.product.log.read_text()
            and "auscult.yaml:5:18" in running.product.log.read_text()
        ),
        "the log says where the file is wrong",
    )
    assert running.product.is_ready()


def test_what_only_a_restart_can_change_is_refused_by_name(running: Running) -> None:
    running.product.extra = {"limits": {"series_per_tenant": 7}}
    running.product.write_config()
    try:
        status, said = running.product.ask("/api/v1/settings/reload", running.admin, body=b"")
    finally:
        running.product.extra = {}
    assert status == 422
    assert "limits.series_per_tenant" in said["error"]["detail"]
    assert "restart" in said["error"]["detail"]


def test_many_reloads_at_once_end_with_one_of_the_files_whole(
    running: Running, tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def reload(number: int) -> int:
        if number % 3 == 0:
            running.hang_up()
        return running.product.ask("/api/v1/settings/reload", running.admin, body=b"")[0]

    running.rewrite(acme={"detectors": [{**RULE, "above": 3.0}]})
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(reload, range(12))) == {200}
    changed = [row for row in running.reloads() if row["detail"]["changes"]]
    assert changed[0]["detail"]["changes"][0]["new"] == 3.0
    assert running.product.ask("/api/v1/audit/verify", running.admin)[1]["verified"] is True
