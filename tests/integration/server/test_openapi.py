"""schemathesis searches the OpenAPI document of a running auscult for a request that it answers
otherwise than the document says, and finds none."""

import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from tests.alerts import ALERTS_PATH, SILENCES_PATH, alert_body, silence_body
from tests.integration.settings.scene import RULE, incidents, push, until
from tests.product import Product
from tests.unit.signals.otlp.bodies import Call, trace_body, trace_id

SEED, EXAMPLES, CASES_AT_LEAST = 20_261_128, 10, 1_000
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
ENDLESS = "/api/v1/events"
HOOKS = Path(__file__).with_name("openapi_bodies.py")


def furnish(product: Product, key: str) -> str:
    """Give the tenant one of each thing; return what schemathesis is to name in its requests."""
    assert push(product, key, "edge", 1.0) == 204
    until(lambda: incidents(product, key), "an incident")
    spans = trace_body({"edge": [Call(name="x")]})
    protobuf = {"Content-Type": "application/x-protobuf"}
    assert product.ask("/v1/traces", key, body=spans, headers=protobuf)[0] == 200
    assert product.ask(ALERTS_PATH, key, body=alert_body("Late", service="edge"))[0] == 200
    _, silence = product.ask(SILENCES_PATH, key, body=silence_body("edge"))
    named = {
        "path.incident_id": incidents(product, key)[0]["id"],
        "path.silence_id": silence["silenceID"],
        "path.trace_id": trace_id(1).hex(),
        "path.slot": "0",
        "body.routing_key": key,
    }
    said = "\n".join(f'"{name}" = "{value}"' for name, value in named.items())
    return f'hooks = "{HOOKS}"\n[parameters]\n{said}\n'


@pytest.mark.timeout(400)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    product = Product(tmp_path, {"acme": {"detectors": [RULE]}, "bolt": {}})
    key = product.key("acme", "admin")
    with product:
        config = tmp_path / "schemathesis.toml"
        config.write_text(furnish(product, key))
        program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
        options = {
            "--header": f"Authorization: Bearer {key}",
            "--checks": ",".join(CHECKS),
            "--phases": "coverage,fuzzing",
            "--seed": str(SEED),
            "--max-examples": str(EXAMPLES),
            "--exclude-path": ENDLESS,
            "--request-timeout": "10",
            "--suppress-health-check": "all",  # a busy machine is no finding
        }
        done = subprocess.run(
            [*program, "run", f"{product.url}/api/v1/openapi.json", *chain(*options.items())],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")},
            timeout=360,
        )
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said[-8_000:]
        counted = re.search(r"(\d+) generated, (\d+) passed", said)
        assert counted, said[-2_000:]
        assert counted[1] == counted[2]
        assert int(counted[1]) > CASES_AT_LEAST
    assert '"level": "error"' not in product.log.read_text()
