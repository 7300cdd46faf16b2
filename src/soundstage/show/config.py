"""The configuration with which the watching product is started."""

import base64
import json
import secrets
import socket
from pathlib import Path
from typing import Any, NamedTuple, Self

from soundstage.errors import StartFailed
from soundstage.plan import GROUP, TARGETS_FILE, Plan
from soundstage.settings import Settings
from soundstage.show.hearing import probes_of

FILE = "auscult.yaml"
HOST = "127.0.0.1"
FAVOURITE_PORT = 8080
KEY_FILE = "auscult.key"
TENANT = "platform"


class Door(NamedTuple):
    """The port of the page, held until the product opens it: the platform is told of it before."""

    held: socket.socket
    port: int

    @classmethod
    def hold(cls) -> Self:
        """Hold the favourite port, or a free one where that is taken."""
        # Of two that are bound for re-use neither keeps the other out, so the plain way comes
        # first; the second is for what only the last show's connections are still in the way of.
        for port, again in ((FAVOURITE_PORT, 0), (FAVOURITE_PORT, 1), (0, 0)):
            held = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, again)
            try:
                held.bind((HOST, port))
            except OSError:
                held.close()
            else:
                # Bound for re-use it would let the next show in beside it.
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
                return cls(held, int(held.getsockname()[1]))
        raise StartFailed("no port of loopback is free")

    def release(self) -> None:
        """Let it go; twice is once."""
        self.held.close()


def settings_towards(port: int, state: Path) -> Settings:
    """Return the platform's settings that let it tell the product everything it can hear."""
    base = f"http://{HOST}:{port}"
    return Settings(
        traces_url=base,
        traces_share=1.0,
        events_url=f"{base}/api/v1/players/events",
        key_file=str(state / KEY_FILE),
    )


def write_key(state: Path, key: str) -> None:
    """Give the platform the key it sends with, readable by nobody else; replaced in one step."""
    partial = state / f".{KEY_FILE}.partial"
    partial.touch(mode=0o600)
    partial.write_text(key + "\n", encoding="ascii")
    partial.replace(state / KEY_FILE)


def write_config(
    plan: Plan, state: Path, *, port: int, webhook_url: str, codec: dict[str, Any] | None = None
) -> Path:
    """Write ``auscult.yaml`` (JSON, which is YAML too) and return its path.

    ``codec``: what the product may do with the ladder; None for nothing.
    """
    folder = state / "auscult"
    folder.mkdir(exist_ok=True)
    tree = {
        "server": {"host": HOST, "port": port, "loopback_tenant": TENANT},
        "store": {"url": f"sqlite:///{folder}/auscult.db"},
        "data_dir": str(folder),
        "outbound": {"allow": ["127.0.0.0/8"]},  # the stand-in for somebody's receiver is here
        "tenants": {
            TENANT: _tenant(plan, state, webhook_url) | ({"codec": codec} if codec else {})
        },
    }
    path = state / FILE
    text = "# Written by `soundstage show`; JSON is YAML. Shipped defaults, nothing tuned.\n"
    path.write_text(text + json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o600)  # it carries the secret of the webhook
    return path


def _tenant(plan: Plan, state: Path, webhook_url: str) -> dict[str, Any]:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    return {
        "sources": [
            {"use": "scrape", "interval_s": 1, "files": [str(state / TARGETS_FILE)]},
            {"use": "access_log", "files": _access_logs(plan, state), "every_s": 1},
            *probes_of(plan),
        ],
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


def _access_logs(plan: Plan, state: Path) -> list[str]:
    return [str(state / "log" / f"access-{edge.name}.ndjson") for edge in plan.replicas("edge")]
