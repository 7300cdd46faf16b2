"""A real vmalert, unchanged, fires and resolves an alert through auscult."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH
from tests.integration.alertmanager.test_differential import hearing
from tests.integration.alertmanager.test_prometheus import FIRES_S, write_rules
from tests.integration.alertmanager.test_restart import product_of, wait_for
from tests.product import free_port
from tests.servers import binary

pytestmark = pytest.mark.alone


@contextmanager
def running(folder: Path, name: str, *options: str) -> Iterator[str]:
    """Run one of VictoriaMetrics' programs on a free port; yield its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [binary(name), f"-httpListenAddr={address}", *options]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            wait_for(lambda: is_up(f"http://{address}/health"))
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.timeout(150)
def test_vmalert_fires_and_resolves_through_auscult(tmp_path: Path) -> None:
    with hearing() as ear:
        product = product_of(tmp_path, ear)
        key, reader = product.key("acme", "writer"), product.key("acme")
        rules = write_rules(tmp_path, time.time() + FIRES_S)
        # Else the rule would be asked about the time half a minute ago, and end so much later.
        data = (f"-storageDataPath={tmp_path / 'vm'}", "-search.latencyOffset=0s")
        store = running(tmp_path, "victoria-metrics", *data)
        with product, store as metrics:
            options = (
                f"-rule={rules}",
                f"-datasource.url={metrics}",
                f"-notifier.url={product.url}",
                f"-notifier.bearerToken={key}",
                "-evaluationInterval=1s",
            )
            with running(tmp_path, "vmalert", *options):
                wait_for(lambda: {one[3] for one in ear.heard["ours"]} == {"firing"}, FIRES_S)
                shown: Any = product.ask(ALERTS_PATH, reader)[1]
                labels = shown[0]["labels"]
                assert labels.items() >= {"alertname": "Late", "service": "edge"}.items()
                assert labels["alertgroup"] == "g", "which vmalert adds"
                both = {"firing", "resolved"}
                wait_for(lambda: {one[3] for one in ear.heard["ours"]} == both, 2 * FIRES_S)
                time.sleep(4)  # what resolved is sent again, and told once
                assert len(ear.times) == 2
                assert product.ask(ALERTS_PATH, reader)[1] == []
        assert "error" not in json.dumps((tmp_path / "vmalert.log").read_text()).lower()
