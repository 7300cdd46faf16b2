"""The five variables of the environment, by their exact names, in the running product."""

import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.remote_write import HEADERS, now_ms, write_body
from tests.integration.settings.scene import (
    RULE,
    TENANT,
    headers_of,
    incidents,
    listening,
    push,
    story,
    until,
)
from tests.product import BIN, Product, free_port

PAGE_ON_LOOPBACK = {"loopback_tenant": TENANT, "host": "127.0.0.1"}


def make(folder: Path, tenant: dict[str, Any], **environ: str) -> Product:
    """Return a product of one tenant whose page needs no login."""
    port = free_port()
    extra = {"server": {**PAGE_ON_LOOPBACK, "port": port}}
    folder.mkdir(exist_ok=True)
    return Product(folder, {TENANT: tenant}, extra=extra, environ=environ, port=port)


@pytest.mark.timeout(120)
def test_monitoring_enabled_false_serves_the_page_and_neither_ingests_nor_pages(
    tmp_path: Path,
) -> None:
    with listening() as receiver, listening() as target:
        tenant = {
            "sources": [{"use": "scrape", "interval_s": 0.2, "targets": [f"{target.url}/metrics"]}],
            "detectors": [RULE],
            "channels": {"ops": {"use": "webhook", "url": f"{receiver.url}/"}},
            "routes": [{"to": ["ops"], "on": ["opened"]}],
        }
        product = make(tmp_path, tenant)
        key = product.key(TENANT)
        receiver.status = 503
        with product:
            assert push(product, key, "encode", 1.0) == 204
            until(lambda: receiver.got, "the page is attempted")
            until(lambda: target.got, "the target is scraped")
        receiver.status = 200
        receiver.got.clear()
        target.got.clear()

        product.environ = {"MONITORING_ENABLED": "false"}
        with product:
            body = write_body("broken_ratio", {"encode": 1.0}, now_ms())
            status, headers = headers_of(product, "/api/v1/write", key, body)
            assert status == 503
            assert int(headers["retry-after"]) > 0
            refused = product.ask("/api/v1/write", key, body=body, headers=HEADERS)[1]
            assert refused["error"]["code"] == "capacity.queue_full"
            assert "MONITORING_ENABLED" in refused["error"]["detail"]
            status, page = product.ask("/")
            assert status == 200
            assert "encode" in page
            (incident,) = incidents(product, key)
            (owed,) = story(product, key, incident["id"])["deliveries"]
            assert owed["state"] == "pending"
            path = f"/api/v1/incidents/{incident['id']}/acknowledge"
            assert product.ask(path, key, body=b"")[0] == 200
            time.sleep(5)  # longer than any back-off so far
            assert receiver.got == [], "a page went out although monitoring is off"
            assert target.got == [], "a target was scraped although monitoring is off"

        product.environ = {"MONITORING_ENABLED": "TRUE"}
        with product:
            until(lambda: receiver.got, "what was owed is paged once monitoring is on again")
            until(lambda: target.got, "the target is scraped again")


def history(seed: int, at_ms: int, jump: bool) -> dict[str, float]:
    """Return one moment of five series that jitter, and of which one leaps where told so."""
    rng = random.Random(seed + at_ms)
    calm = {f"stage-{n}": 100 + rng.gauss(0, 2) for n in range(5)}
    return calm | ({"stage-3": 400 + rng.gauss(0, 2)} if jump else {})


def observers(product: Product, key: str) -> set[str]:
    """Return who has seen anything."""
    return {signal["seen_by"] for one in incidents(product, key) for signal in one["signals"]}


@pytest.mark.timeout(150)
def test_ai_anomaly_detection_false_leaves_thresholds_and_absence_and_silences_the_scorer(
    tmp_path: Path,
) -> None:
    tenant = {
        "sources": [
            {
                "use": "scrape",
                "interval_s": 0.5,
                "targets": [f"127.0.0.1:{free_port()}"],
                "labels": {"service": "edge"},
            }
        ],
        "detectors": [RULE],
    }
    products = {
        "true": make(tmp_path / "with", tenant, AI_ANOMALY_DETECTION="true"),
        "false": make(tmp_path / "without", tenant, AI_ANOMALY_DETECTION="false"),
    }
    keys = {word: product.key(TENANT) for word, product in products.items()}
    began_ms = now_ms() - 120_000

    def send(at_ms: int, *, jump: bool) -> None:
        body = write_body("queue_depth", history(7, at_ms, jump), at_ms)
        for word, product in products.items():
            said = product.ask("/api/v1/write", keys[word], body=body, headers=HEADERS)
            assert said[0] == 204, said

    with products["true"], products["false"]:
        for second in range(120):
            send(began_ms + 1_000 * second, jump=False)
        for word, product in products.items():
            assert push(product, keys[word], "encode", 1.0) == 204
        for _ in range(25):
            send(now_ms(), jump=True)
            time.sleep(1)
            if "scorer" in observers(products["true"], keys["true"]):
                break
        time.sleep(2)  # for the other one to be as quick
        seen = {word: observers(product, keys[word]) for word, product in products.items()}
        coverage = {
            word: product.ask("/api/v1/coverage", keys[word])[1]
            for word, product in products.items()
        }
    assert seen["true"] == {"threshold", "absence", "scorer"}, "otherwise this proves nothing"
    assert seen["false"] == {"threshold", "absence"}
    assert coverage["true"]["watched"] > 0
    assert coverage["false"]["watched"] == 0


@pytest.mark.timeout(90)
def test_auto_remediation_false_plans_only_and_says_so(tmp_path: Path) -> None:
    with listening() as fleet:
        tenant = {
            "detectors": [RULE],
            "runbooks": [
                {
                    "name": "repair",
                    "match": ['seen_by="threshold"'],
                    "action": {"use": "http", "url": f"{fleet.url}/repair"},
                }
            ],
        }
        product = make(tmp_path, tenant, AUTO_REMEDIATION="false")
        key = product.key(TENANT)

        def runs(service: str) -> list[dict[str, Any]]:
            found = [one for one in incidents(product, key) if service in one["headline"]]
            return list(story(product, key, found[0]["id"])["runs"]) if found else []

        with product:
            push(product, key, "encode", 1.0)
            until(lambda: [run for run in runs("encode") if run["ended_ms"]], "the run ends")
            (run,) = runs("encode")
            assert run["state"] == "planned"
            assert run["plan"]["target"] == "encode"
            told = story(product, key, incidents(product, key)[0]["id"])["timeline"]
            (line,) = [line for line in told if line["action"] == "run.planned"]
            assert "would have done" in line["sentence"]
            assert "repair encode" in line["sentence"]
            time.sleep(2)
            assert fleet.got == [], "something was done although only plans are allowed"
        product.environ = {}
        with product:
            push(product, key, "package", 1.0)
            until(lambda: any(b"remediation.apply" in body for _, _, body in fleet.got), "applied")


@pytest.mark.timeout(90)
def test_alert_channels_limits_the_channels_and_a_wrong_name_is_refused(tmp_path: Path) -> None:
    with listening() as receiver:
        tenant = {
            "detectors": [RULE],
            "channels": {
                "log": {"use": "console"},
                "ops": {"use": "webhook", "url": f"{receiver.url}/"},
            },
            "routes": [{"to": ["log", "ops"], "on": ["opened"]}],
        }
        product = make(tmp_path, tenant, ALERT_CHANNELS="console")
        key = product.key(TENANT)

        def deliveries() -> list[dict[str, Any]]:
            found = incidents(product, key)
            return list(story(product, key, found[0]["id"])["deliveries"]) if found else []

        with product:
            push(product, key, "encode", 1.0)
            until(lambda: [one for one in deliveries() if one["state"] == "done"], "paged")
            assert [one["channel"] for one in deliveries()] == ["log"]
            assert receiver.got == []
        product.environ = {"ALERT_CHANNELS": "console,webhok"}
        refused = run_until_it_ends(product)
        assert refused.returncode == 2
        assert "ALERT_CHANNELS" in refused.stderr
        assert "'webhook'" in refused.stderr
        assert "pagerduty" in refused.stderr


@pytest.mark.timeout(60)
def test_tenant_isolation_other_than_strict_needs_a_single_tenant(tmp_path: Path) -> None:
    several = make(tmp_path / "several", {}, TENANT_ISOLATION="shared")
    several.tenants = {TENANT: {}, "bolt": {}}
    several.write_config()
    refused = run_until_it_ends(several)
    assert refused.returncode == 2
    assert "tenant_isolation" in refused.stderr
    assert "TENANT_ISOLATION" in refused.stderr
    assert "acme, bolt" in refused.stderr
    with make(tmp_path / "single", {}, TENANT_ISOLATION="shared") as single:
        assert single.ask("/healthz")[0] == 200


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MONITORING_ENABLED", "maybe"),
        ("AI_ANOMALY_DETECTION", ""),
        ("AUTO_REMEDIATION", "2"),
        ("ALERT_CHANNELS", "slack,,email"),
        ("TENANT_ISOLATION", " "),
    ],
)
def test_a_value_that_a_variable_does_not_take_is_refused_at_start(
    tmp_path: Path, variable: str, value: str
) -> None:
    product = make(tmp_path, {}, **{variable: value})
    product.write_config()
    refused = run_until_it_ends(product)
    assert refused.returncode == 2
    assert f"{variable} is " in refused.stderr


def run_until_it_ends(product: Product) -> subprocess.CompletedProcess[str]:
    """Start a product that refuses its settings."""
    return subprocess.run(
        [BIN / "auscult", "run", "-c", product.config],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **product.environ},
        timeout=30,
    )
