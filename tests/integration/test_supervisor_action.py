"""The supervisor action against a real supervisord: dead and hung children, and a healthy one."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auscult.kernel.errors import PreconditionFailed, ReceiverRefused, ReceiverUnavailable
from auscult.kernel.words import PLATFORM
from auscult.remediation import ACTIONS, Action
from auscult.remediation.decide import ActionRequest
from auscult.remediation.probing import probe
from auscult.remediation.supervisord import Process, Supervisord

CHILD = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
    def log_message(self, *said): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""

CONFIG = """
[supervisord]
nodaemon=true
logfile={place}/supervisord.log
pidfile={place}/supervisord.pid
childlogdir={place}
[unix_http_server]
file={place}/s.sock
username=auscult
password=tell-nobody
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:encode]
command={python} {place}/child.py {port} 200
autorestart=false
startsecs=0
[program:broken]
command={python} -c "raise SystemExit(3)"
autorestart=false
autostart=false
startsecs=1
startretries=0
[program:sick]
command={python} {place}/child.py {sick_port} 503
autorestart=false
startsecs=0
[group:stage]
programs=encode,broken,sick
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running supervisord with its children, and where to reach them."""

    socket: str
    port: int
    sick_port: int

    def action(self, **changed: object) -> Action:
        settings: dict[str, object] = {
            "socket": self.socket,
            "username": "auscult",
            "password": "tell-nobody",
            "process": "stage:{service}",
            "health_url": "http://{instance}/healthz",
            "health_within_ms": 400,
            "start_within_s": 5,
        }
        return ACTIONS.make("supervisor", settings | changed)

    def request(self, service: str = "encode", port: int | None = None) -> ActionRequest:
        values = {"service": service, "instance": f"127.0.0.1:{port or self.port}"}
        return ActionRequest(
            key="run:apply:1",
            run="run",
            tenant=PLATFORM,
            incident="incident",
            runbook="book",
            target=service,
            values=values,
            scraped=frozenset({values["instance"]}),
        )

    async def look(self, name: str = "encode") -> Process:
        wire = Supervisord(self.socket, "", ("auscult", "tell-nobody"), 5)
        return await wire.look(f"stage:{name}")

    async def until(self, state: str, name: str = "encode") -> Process:
        async with asyncio.timeout(5):
            while (seen := await self.look(name)).state != state:
                await asyncio.sleep(0.05)
        return seen


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    place = Path(tempfile.mkdtemp(prefix="sv"))  # short: a unix socket's path has 107 characters
    port, sick_port = _free_port(), _free_port()
    (place / "child.py").write_text(CHILD)
    config = CONFIG.format(place=place, python=sys.executable, port=port, sick_port=sick_port)
    (place / "supervisord.conf").write_text(config)
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord"]
    server = subprocess.Popen(  # noqa: ASYNC220  # ended below, by its own handle
        [*command, "-c", str(place / "supervisord.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        here = Stage(str(place / "s.sock"), port, sick_port)
        for _ in range(200):
            try:
                await here.look()
                break
            except ReceiverUnavailable:
                await asyncio.sleep(0.05)
        for checked in (port, sick_port):
            await _answers(checked)
        yield here
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)
        shutil.rmtree(place, ignore_errors=True)


async def _answers(port: int) -> None:
    for _ in range(200):
        if await probe(f"http://127.0.0.1:{port}/healthz", within_ms=500) is not None:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing answers on port {port}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def test_a_child_killed_with_minus_9_is_started_again(stage: Stage) -> None:
    action, request = stage.action(), stage.request()
    before = await stage.look()
    os.kill(before.pid, signal.SIGKILL)
    await stage.until("EXITED")
    plan = await action.plan(request)
    assert "EXITED" in plan.precondition
    assert not (await action.verify(request, plan)).works
    assert "new pid" in await action.apply(request, plan)
    await _answers(stage.port)
    verdict = await action.verify(request, plan)
    assert verdict.works, verdict.seen
    assert (await stage.look()).pid not in {0, before.pid}


async def test_a_child_hung_by_sigstop_is_killed_and_started_again(stage: Stage) -> None:
    action, request = stage.action(), stage.request()
    before = await stage.look()
    os.kill(before.pid, signal.SIGSTOP)
    plan = await action.plan(request)
    assert "did not answer within 400 ms" in plan.precondition
    await action.apply(request, plan)
    await _answers(stage.port)
    assert (await action.verify(request, plan)).works
    after = await stage.look()
    assert after.pid not in {0, before.pid}
    again = await action.apply(request, plan)  # the same step once more, as after a crash
    assert "nothing was left to do" in again
    assert await stage.look() == after


async def test_a_healthy_child_is_refused_and_not_touched(stage: Stage) -> None:
    before = await stage.look()
    with pytest.raises(PreconditionFailed, match="answers 200"):
        await stage.action().plan(stage.request())
    assert await stage.look() == before


async def test_a_child_that_recovered_after_the_plan_is_not_touched(stage: Stage) -> None:
    action, request = stage.action(), stage.request()
    before = await stage.look()
    os.kill(before.pid, signal.SIGSTOP)
    plan = await action.plan(request)
    os.kill(before.pid, signal.SIGCONT)
    await _answers(stage.port)
    with pytest.raises(PreconditionFailed, match="answers 200"):
        await action.apply(request, plan)
    assert await stage.look() == before


async def test_a_child_that_answers_an_error_is_alive_and_left_to_people(stage: Stage) -> None:
    with pytest.raises(PreconditionFailed, match="answers 503"):
        await stage.action().plan(stage.request("sick", stage.sick_port))


async def test_a_running_child_without_a_health_address_is_refused(stage: Stage) -> None:
    with pytest.raises(PreconditionFailed, match="no health_url"):
        await stage.action(health_url="").plan(stage.request())


async def test_two_repairs_of_one_child_at_once_restart_it_once(stage: Stage) -> None:
    before = await stage.look()
    os.kill(before.pid, signal.SIGSTOP)
    first, second = stage.action(), stage.action()
    plan = await first.plan(stage.request())
    said = await asyncio.gather(
        first.apply(stage.request(), plan), second.apply(stage.request(), plan)
    )
    assert sorted("nothing was left to do" in one for one in said) == [False, True]


async def test_a_child_that_dies_at_once_is_an_honest_failure(stage: Stage) -> None:
    action, request = stage.action(), stage.request("broken")
    plan = await action.plan(request)
    with pytest.raises(ReceiverRefused, match="at once"):
        await action.apply(request, plan)
    assert not (await action.verify(request, plan)).works


async def test_an_unknown_child_is_refused_by_name(stage: Stage) -> None:
    with pytest.raises(ReceiverRefused, match="BAD_NAME"):
        await stage.action().plan(stage.request("nowhere"))


async def test_a_wrong_password_is_refused_without_being_said(stage: Stage) -> None:
    with pytest.raises(ReceiverRefused, match="401") as why:
        await stage.action(password="not-it-at-all").plan(stage.request())
    assert "not-it-at-all" not in str(why.value)


async def test_no_supervisord_at_all_is_worth_another_try(tmp_path: Path) -> None:
    nowhere = Stage(str(tmp_path / "none.sock"), 1, 1)
    with pytest.raises(ReceiverUnavailable):
        await nowhere.action().plan(nowhere.request())
