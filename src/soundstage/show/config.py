"""The configuration with which the watching product is started."""

import base64
import json
import secrets
import socket
from pathlib import Path
from typing import Any

from soundstage.plan import GROUP, TARGETS_FILE, Plan, free_ports

FILE = "auscult.yaml"
FAVOURITE_PORT = 8080
TENANT = "platform"


def choose_port() -> tuple[int, bool]:
    """Return the port of the page and whether it is the favourite one."""
    try:
        socket.create_server(("127.0.0.1", FAVOURITE_PORT)).close()
    except OSError:
        return free_ports(1)[0], False
    return FAVOURITE_PORT, True


def write_config(plan: Plan, state: Path, *, port: int, webhook_url: str) -> Path:
    """Write ``auscult.yaml`` (JSON, which is YAML too) and return its path."""
    folder = state / "auscult"
    folder.mkdir(exist_ok=True)
    tree = {
        "server": {"host": "127.0.0.1", "port": port, "loopback_tenant": TENANT},
        "store": {"url": f"sqlite:///{folder}/auscult.db"},
        "data_dir": str(folder),
        "tenants": {TENANT: _tenant(plan, state, webhook_url)},
    }
    path = state / FILE
    text = "# Written by `soundstage show`; JSON is YAML. Shipped defaults, nothing tuned.\n"
    path.write_text(text + json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o600)  # it carries the secret of the webhook
    return path


def _tenant(plan: Plan, state: Path, webhook_url: str) -> dict[str, Any]:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    return {
        "sources": [{"use": "scrape", "interval_s": 1, "files": [str(state / TARGETS_FILE)]}],
        "detectors": [{"use": "absence", "match": ['job="soundstage"']}],
        "channels": {
            "console": {"use": "console"},
            "ops": {"use": "webhook", "url": webhook_url, "secret": secret},
        },
        "routes": [
            {
                "to": ["console", "ops"],
                "match": [],
                "severity": ["critical", "warning"],
                "on": ["opened", "resolved"],
            }
        ],
        "runbooks": [
            {
                "name": "restart a dead or hung stage",
                "match": ['seen_by="absence"'],
                "action": {
                    "use": "supervisor",
                    "socket": plan.supervisor_socket,
                    "process": f"{GROUP}:{{service}}",
                    "health_url": "http://{instance}/healthz",
                },
                # Higher than shipped: here the same two things break again and again.
                "max_per_hour": 60,
                "target_max_per_hour": 30,
            }
        ],
    }
