"""A guarded child does not outlive a parent that was killed with -9; imports stay light."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from auscult.runtime.guards import guarded


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux only")
def test_a_guarded_child_ends_with_its_parent() -> None:
    code = (
        "import subprocess, sys, time; from auscult.runtime.guards import guarded\n"
        "child = subprocess.Popen(guarded([sys.executable, '-c',"
        " 'import time; print(1, flush=True); time.sleep(60)']), stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child_pid = int(parent.stdout.readline())
        assert is_alive(child_pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait(timeout=10)
        deadline = time.monotonic() + 10
        while is_alive(child_pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_alive(child_pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux only")
def test_a_child_whose_parent_is_already_gone_ends_at_once() -> None:
    command = guarded([sys.executable, "-c", "print('ran')"])
    command[3] = "1"  # not its parent
    ended = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, b"")


@pytest.mark.parametrize(
    "module",
    [
        "auscult.runtime",
        "auscult.runtime.clock",
        "auscult.runtime.ids",
        "auscult.runtime.logging",
        "auscult.runtime.metrics",
        "auscult.runtime.tracing",
        "auscult.vault",
        "auscult.vault.references",
        "auscult.vault.tls",
        "auscult.runtime.settings",
    ],
)
def test_importing_a_submodule_loads_no_heavy_library(module: str) -> None:
    heavy = {
        "structlog",
        "opentelemetry",
        "prometheus_client",
        "cryptography",
        "numpy",
        "sqlalchemy",
    }
    code = f"import sys, {module}; print(sorted({heavy!r} & set(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "[]"
