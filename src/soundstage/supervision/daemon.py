"""The whole platform started and stopped: one supervisord, everything else below it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from soundstage.delivery.recording import FOLDER as RECORDINGS
from soundstage.errors import NotRunning, StartFailed
from soundstage.folder import open_state
from soundstage.plan import Plan, load_plan, make_plan, save_plan
from soundstage.settings import Settings
from soundstage.supervision import guard
from soundstage.supervision.config import write_config
from soundstage.supervision.finding import find_running
from soundstage.supervision.rpc import Supervisor
from soundstage.truth import RUNNING

START_S = 60.0
"""A loaded machine may take long; an idle one takes three seconds."""

STOP_S = 4.0
SOCKET_PATH_LIMIT = 80
"""A unix socket's path may have 107 bytes, and supervisord adds its pid to it."""


def launch(
    state: Path,
    *,
    seed: int = 1,
    sources: tuple[str, ...] = (),
    settings: Settings | None = None,
    tied: bool,
) -> tuple[Plan, subprocess.Popen[bytes]]:
    """Start supervisord with all processes; ``tied`` ones die with this process.

    Call it from the main thread: the tie is to the thread that forks.
    """
    open_state(state)
    if is_running(state):
        raise StartFailed(f"a platform already runs in {state}: `soundstage down` stops it")
    for stale in ("supervisord.pid", "supervisor.sock"):
        (state / stale).unlink(missing_ok=True)
    for stale in ("releases", RECORDINGS, RUNNING):  # what belongs to one run of it
        shutil.rmtree(state / stale, ignore_errors=True)
    plan = make_plan(state, seed=seed, sources=sources, settings=settings)
    if len(plan.supervisor_socket) > SOCKET_PATH_LIMIT:
        short = tempfile.mkdtemp(prefix="soundstage-")
        plan = replace(plan, supervisor_socket=f"{short}/supervisor.sock")
    save_plan(plan, state)
    config = write_config(plan, state)
    daemon = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
    return plan, spawn(daemon, log=state / "log" / "start.log", tied=tied)


def spawn(
    command: list[str], *, log: Path, tied: bool, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in its own session, behind the guard when it is tied to this process."""
    if tied:
        ties = [str(int(signal.SIGTERM)), str(os.getpid())]
        command = [sys.executable, "-S", "-E", guard.__file__, *ties, *command]
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=env,
        )


def wait_ready(plan: Plan, state: Path, *, alive: Callable[[], bool]) -> Plan:
    """Wait until every process answers ``/healthz``; raises ``StartFailed`` with the log's end."""
    deadline = time.monotonic() + START_S
    waiting = {process.name: process for process in plan.processes}
    while waiting:
        for name, process in list(waiting.items()):
            if answers(process.url + "/healthz"):
                del waiting[name]
        if waiting and (time.monotonic() > deadline or not alive()):
            raise StartFailed(f"not up: {', '.join(waiting)}. {_last_words(state, waiting)}")
        time.sleep(0.05)
    states = Supervisor(plan.supervisor_socket).states()
    plan = replace(plan, pids={name: pid for name, (_, pid) in states.items() if pid})
    save_plan(plan, state)
    return plan


def answers(url: str, *, timeout_s: float = 0.5) -> bool:
    """Whether a GET of ``url`` is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as response:  # noqa: S310 - loopback
            return bool(response.status == HTTPStatus.OK)
    except (OSError, urllib.error.URLError):
        return False


def is_running(state: Path) -> bool:
    """Whether a supervisord answers for this state folder."""
    try:
        Supervisor(load_plan(state).supervisor_socket).states()
    except NotRunning:
        return False
    return True


def stop(state: Path) -> None:
    """Stop the platform of a state folder; raises ``NotRunning`` when there is none."""
    plan, daemon = find_running(state), daemon_pid(state)
    supervisor = Supervisor(plan.supervisor_socket)
    pids = [pid for _, pid in supervisor.states().values() if pid]
    for pid in pids:
        signal_process(pid, signal.SIGTERM)
        signal_process(pid, signal.SIGCONT)  # one that hangs shall hear it too
    supervisor.shut_down()
    wait_gone(pids, within_s=STOP_S)
    # supervisord looks round once a second; with nothing left below it nobody has to wait for it.
    if not wait_gone([daemon], within_s=0.3):
        signal_process(daemon, signal.SIGKILL)
    wait_gone([daemon], within_s=1.0)
    Path(plan.supervisor_socket).unlink(missing_ok=True)
    (state / "supervisord.pid").unlink(missing_ok=True)


def wait_gone(pids: list[int], *, within_s: float) -> bool:
    """Wait until none of the processes runs any more; says whether that came true."""
    deadline = time.monotonic() + within_s
    while any(runs(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process exists and is no zombie (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def daemon_pid(state: Path) -> int:
    """Return the pid of supervisord, 0 when it left no pid file."""
    with contextlib.suppress(OSError, ValueError):
        return int((state / "supervisord.pid").read_text(encoding="utf-8"))
    return 0


def _last_words(state: Path, names: dict[str, object] | object) -> str:
    words = []
    for name in ["start", *names]:  # type: ignore[misc]
        log = state / "log" / f"{name}.log"
        if log.exists() and (lines := log.read_text(errors="replace").splitlines()):
            words.append(f"{log.name}: {lines[-1]}")
    return " · ".join(words)
