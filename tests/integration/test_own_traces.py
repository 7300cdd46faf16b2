"""Auscult's own spans are seen where all others are: by the tenant `platform`, and nobody else."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.settings.scene import until
from tests.product import Product

pytestmark = pytest.mark.timeout(120)


def test_the_platform_sees_what_auscult_itself_does(tmp_path: Path) -> None:
    product = Product(tmp_path, {"platform": {}, "acme": {}}, extra={"tracing": {"enabled": True}})
    with product:
        owner, other = product.key("platform"), product.key("acme")

        def traces() -> list[dict[str, Any]]:
            return list(product.ask("/api/v1/traces?service=auscult", owner)[1]["traces"])

        until(traces, "nothing of auscult is among the traces")
        one = traces()[0]
        assert one["service"] == "auscult"
        status, whole = product.ask(f"/api/v1/traces/{one['trace_id']}", owner)
        assert status == 200
        assert whole["spans"][0]["service"] == "auscult"
        status, page = product.ask(f"/traces/{one['trace_id']}", owner)
        assert status == 200
        assert "auscult: " in page
        assert product.ask("/api/v1/traces", other)[1] == {"traces": []}
        assert product.ask(f"/api/v1/traces/{one['trace_id']}", other)[0] == 404
