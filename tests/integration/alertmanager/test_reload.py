"""Other routes while alerts fire: nothing is told twice, and nothing that fires is forgotten."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import ALERTS_PATH, alert_body
from tests.integration.alertmanager.test_differential import Ear, hearing
from tests.integration.alertmanager.test_restart import wait_for
from tests.product import Product

MINE: dict[str, Any] = {"matchers": ['team="mine"'], "receiver": "first"}
ABOVE: dict[str, Any] = {"matchers": ['team="other"'], "receiver": "second"}


def tenants(ear: Ear, *routes: dict[str, Any]) -> dict[str, Any]:
    alerts = {
        "route": {
            "receiver": "rest",
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "2s",
            "routes": list(routes),
        },
        "receivers": [{"name": name, "to": ["hook"]} for name in ("first", "second", "rest")],
    }
    hook = {"use": "webhook", "url": ear.url("ours"), "form": "alertmanager"}
    return {"acme": {"alerts": alerts, "channels": {"hook": hook}}}


def told(ear: Ear) -> list[str]:
    """Return which receivers were told that the alert fires."""
    return sorted(receiver for receiver, _, _, status in ear.heard["ours"] if status == "firing")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["reload", "kill"])
def test_a_moved_route_tells_nothing_anew_and_what_a_removed_one_told_of_goes_on(
    tmp_path: Path, how: str
) -> None:
    with hearing() as ear:
        product = Product(tmp_path, tenants(ear, MINE))
        key = product.key("acme", "admin")

        def change(*routes: dict[str, Any]) -> None:
            product.tenants = tenants(ear, *routes)
            product.write_config()
            if how == "reload":
                assert product.ask("/api/v1/settings/reload", key, body=b"")[0] == 200
            else:
                product.kill()
                product.start()

        with product:
            assert product.ask(ALERTS_PATH, key, body=alert_body("Slow", team="mine"))[0] == 200
            wait_for(lambda: told(ear) == ["first"])
            time.sleep(0.5)  # until the outcome is written down
            change(ABOVE, MINE)
            assert product.ask(ALERTS_PATH, key, body=alert_body("Slow", team="mine"))[0] == 200
            time.sleep(5)
            assert len(ear.times) == 1, "nothing was told twice"
            change()
            wait_for(lambda: told(ear) == ["first", "rest"])
            time.sleep(3)
            assert len(ear.times) == 2
