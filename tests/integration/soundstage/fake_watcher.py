"""A stand-in for the product: only as much of its command and API as the show uses.

It opens an incident when a process is gone or stands still, which no busy machine looks like,
restarts it through supervisor and resolves the incident; ``FAKE_FALSE=1`` makes it open one more
that nobody caused.
"""

import json
import os
import sys
import threading
import time
import traceback
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from soundstage.errors import NotRunning
from soundstage.supervision.rpc import Supervisor

KEY = "ak_fake"
INCIDENTS: dict[str, dict[str, Any]] = {}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path != "/readyz" and self.headers["Authorization"] != f"Bearer {KEY}":
            self._reply(401, {})
        elif path == "/api/v1/coverage":
            self._reply(200, {"watched": 1, "learning": 2, "silent": 0, "capped": 0, "sources": []})
        elif path == "/api/v1/incidents":
            rows = [{k: v for k, v in one.items() if k != "runs"} for one in INCIDENTS.values()]
            self._reply(200, {"incidents": rows, "next": None})
        elif path.startswith("/api/v1/incidents/"):
            self._reply(200, INCIDENTS[path.rpartition("/")[2]])
        else:
            self._reply(200, {})

    def _reply(self, code: int, body: dict[str, Any]) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        return


def send(url: str, kind: str, incident: dict[str, Any], *, times: int = 1) -> None:
    """Deliver one event; a stand-in that cannot ends, and the show says so."""
    body = json.dumps({"type": f"incident.{kind}", "data": {"incident": incident}}).encode()
    headers = {"webhook-id": f"{incident['id']}:{kind}", "Content-Type": "application/json"}
    for _ in range(times):
        urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20).close()


def open_incident(headline: str) -> dict[str, Any]:
    number = f"i{len(INCIDENTS)}"
    INCIDENTS[number] = {
        "id": number,
        "status": "open",
        "severity": "critical",
        "headline": headline,
        "opened_ms": now_ms(),
        "resolved_ms": None,
        "runs": [],
    }
    return INCIDENTS[number]


def is_ill(status: str, pid: int) -> bool:
    """Whether a process is gone or stands still (proc(5), state T)."""
    if status != "RUNNING":
        return status in {"EXITED", "FATAL", "STOPPED"}
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False  # gone since it was asked for: the next look tells
    return stat.rpartition(")")[2].split()[0] == "T"


def answers(target: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{target}/metrics", timeout=1.5).close()
    except OSError:
        return False
    return True


def heal(incident: dict[str, Any], name: str, *, target: str, supervisor: Supervisor) -> None:
    started = now_ms()
    supervisor.stop(name)
    supervisor.start(name)
    while not answers(target):
        time.sleep(0.1)
    incident["runs"] = [
        {
            "id": f"r-{incident['id']}",
            "runbook": "restart",
            "action": "supervisor",
            "state": "healed",
            "target": name,
            "started_ms": started,
            "ended_ms": now_ms(),
        }
    ]
    incident["status"], incident["resolved_ms"] = "resolved", now_ms()


def watch(tenant: dict[str, Any]) -> None:
    hook = tenant["channels"]["ops"]["url"]
    action = tenant["runbooks"][0]["action"]
    supervisor = Supervisor(action["socket"])
    while True:
        try:
            states = supervisor.states()
        except NotRunning as error:  # not yet, or too busy: the next look asks again
            print(error, file=sys.stderr, flush=True)
            states = {}
        for group in json.loads(Path(tenant["sources"][0]["files"][0]).read_text()):
            service = group["labels"]["service"]
            name = action["process"].format(service=service).partition(":")[2]
            if is_ill(*states.get(name, ("", 0))):
                incident = open_incident(f"{service} does not run")
                send(hook, "opened", incident, times=2)
                if os.environ.get("FAKE_FALSE"):
                    open_incident("a ghost")
                heal(incident, name, target=group["targets"][0], supervisor=supervisor)
                send(hook, "resolved", incident)
        time.sleep(0.3)


def watch_or_end(tenant: dict[str, Any]) -> None:
    """Watch, and take the whole process down with what went wrong: a silent one finds nothing."""
    try:
        watch(tenant)
    finally:
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    if sys.argv[1] == "tenant":
        print(KEY)
        return
    text = Path(sys.argv[sys.argv.index("-c") + 1]).read_text()
    tree = json.loads(text.partition("\n")[2])
    tenant = tree["tenants"]["platform"]
    threading.Thread(target=watch_or_end, args=(tenant,), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", tree["server"]["port"]), Api).serve_forever()


main()
