"""A real Prometheus fires and resolves an alert through auscult."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH
from tests.integration.alertmanager.test_differential import hearing
from tests.integration.alertmanager.test_restart import product_of, wait_for
from tests.product import Product, free_port
from tests.servers import binary

pytestmark = pytest.mark.alone

FIRES_S = 25


def write_rules(folder: Path, until_s: float) -> Path:
    """Write a rule that holds until an instant."""
    rule = {
        "alert": "Late",
        "expr": f"vector(time()) < {until_s:.0f}",
        "labels": {"severity": "critical", "service": "edge"},
        "annotations": {"summary": "audio is late"},
    }
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "g", "interval": "1s", "rules": [rule]}]}))
    return file


def write_config(folder: Path, product: Product, key: str, rules: Path) -> Path:
    receiver = {
        "static_configs": [{"targets": [f"127.0.0.1:{product.port}"]}],
        "authorization": {"credentials": key},
    }
    config = {
        "global": {"evaluation_interval": "1s", "external_labels": {"replica": "a"}},
        "alerting": {"alertmanagers": [receiver]},
        "rule_files": [str(rules)],
    }
    file = folder / "prometheus.yml"
    file.write_text(json.dumps(config))
    return file


@pytest.mark.timeout(150)
def test_prometheus_fires_and_resolves_through_auscult(tmp_path: Path) -> None:
    with hearing() as ear:
        product = product_of(tmp_path, ear)
        key, reader = product.key("acme", "writer"), product.key("acme")
        rules = write_rules(tmp_path, time.time() + FIRES_S)
        config = write_config(tmp_path, product, key, rules)
        port = free_port()
        command = [
            binary("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--rules.alert.resend-delay=2s",
        ]
        with product, (tmp_path / "prometheus.log").open("wb") as log:
            prometheus = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                wait_for(lambda: {one[3] for one in ear.heard["ours"]} == {"firing"}, FIRES_S)
                shown: Any = product.ask(ALERTS_PATH, reader)[1]
                assert shown[0]["labels"] == {
                    "alertname": "Late",
                    "replica": "a",
                    "service": "edge",
                    "severity": "critical",
                }
                assert shown[0]["generatorURL"].startswith("http")
                both = {"firing", "resolved"}
                wait_for(lambda: {one[3] for one in ear.heard["ours"]} == both, 2 * FIRES_S)
                time.sleep(4)  # resolved alerts are sent again and again, and told once
                assert len(ear.times) == 2
                assert product.ask(ALERTS_PATH, reader)[1] == []
            finally:
                prometheus.terminate()
                prometheus.wait(timeout=10)
