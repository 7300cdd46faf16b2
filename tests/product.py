"""The installed product as a process: started, asked, killed and started again by tests."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

READY_S = 30.0
BIN = Path(sys.executable).parent


def free_port() -> int:
    """Return a port of loopback that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
        return port


@dataclass(slots=True)
class Product:
    """`auscult run` over one settings file; its API by `ask`, its log in `log`."""

    folder: Path
    tenants: Mapping[str, Mapping[str, Any]]
    store_url: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    authority: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "auscult.yaml"

    @property
    def log(self) -> Path:
        """What it said, of all its lives."""
        return self.folder / "auscult.log"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext | None:
        """How to trust it, where it serves TLS."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def write_config(self) -> None:
        """Write the settings file (JSON is YAML)."""
        tree = {
            "server": {"host": "127.0.0.1", "port": self.port},
            "store": {"url": self.store_url or f"sqlite:///{self.folder}/auscult.db"},
            "data_dir": str(self.folder / "data"),
            "outbound": {"allow": ["127.0.0.0/8"]},
            "tenants": self.tenants,
            **self.extra,
        }
        self.config.write_text(json.dumps(tree, indent=2))

    def start(self, *, ready_s: float = READY_S) -> float:
        """Start it and wait until it is ready; return how many seconds that took."""
        if not self.config.exists():
            self.write_config()
        began_s = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [BIN / "auscult", "run", "-c", self.config],
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environ},
                start_new_session=True,
            )
        while time.monotonic() - began_s < ready_s:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended at once:\n{self.log.read_text()[-3000:]}")
            if self.is_ready():
                return time.monotonic() - began_s
            time.sleep(0.02)
        raise AssertionError(f"not ready within {ready_s} s:\n{self.log.read_text()[-3000:]}")

    def is_ready(self) -> bool:
        """Say whether `/readyz` answers 200."""
        try:
            with urllib.request.urlopen(
                f"{self.url}/readyz", timeout=2, context=self.tls
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def key(self, tenant: str, role: str = "member") -> str:
        """Make an API key for a tenant by the command line."""
        if not self.config.exists():
            self.write_config()
        command = ["tenant", "add", tenant, "-c", str(self.config), "--print-key", "--role", role]
        done = subprocess.run(
            [str(BIN / "auscult"), *command],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **self.environ},
            timeout=60,
        )
        return str(done.stdout.strip())

    def ask(
        self,
        path: str,
        key: str = "",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Call the API (POST where there is a body); return the status and the JSON, or text."""
        request = urllib.request.Request(
            f"{self.url}{path}", data=body, headers=dict(headers or {})
        )
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.tls) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as why:
            status, text = why.code, why.read()
        try:
            return status, json.loads(text or b"null")
        except ValueError:
            return status, text.decode(errors="replace")

    def kill(self) -> None:
        """Kill it with -9, whatever it is doing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> int:
        """Ask it to stop and return its exit code; kill it when it does not."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
        return int(self.process.returncode)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        """Stop it."""
        self.stop()
