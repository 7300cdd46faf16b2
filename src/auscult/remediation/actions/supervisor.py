"""Restarts a dead or hung process that a supervisord watches over."""

import asyncio
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator
from typing_extensions import override

from auscult.kernel.errors import (
    PreconditionFailed,
    ReceiverRefused,
    ReceiverUnavailable,
    SettingError,
)
from auscult.kernel.runs import Plan
from auscult.remediation.decide.request import ActionRequest
from auscult.remediation.decide.templates import check_template, fill
from auscult.remediation.port import Action, Verdict
from auscult.remediation.probing import HEALTHY, Instances, health_address, probe
from auscult.remediation.supervisord import DEAD, RUNNING, Process, Supervisord

POLL_S = 0.1
PROBES = 2

_LOCKS: dict[tuple[str, str], asyncio.Lock] = {}
"""One per process of one supervisord: two runbooks never hold the same one at once."""


class Supervisor(Action):
    """Starts what is EXITED, STOPPED or FATAL; kills and starts what runs but answers nobody.

    A process that answers its health address is left alone, whatever is said about it, and so is a
    running one without `health_url`: nothing then proves that it hangs. Where a placeholder names
    the host of `health_url`, it must be a target that auscult scrapes, or match one of `instances`.

    ```yaml
    action:
      use: supervisor
      socket: /run/supervisor.sock        # or url: http://127.0.0.1:9001, username, password
      process: "soundstage:{service}"
      health_url: "http://{instance}/healthz"
      instances: ["*.stage.internal:9003"]  # beside the targets that auscult scrapes
    ```
    """

    socket: str = ""
    url: HttpUrl | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    process: str = "{service}"
    health_url: str = ""
    instances: Instances = ()
    health_within_ms: int = Field(default=2_000, ge=50, le=10_000)
    start_within_s: float = Field(default=20, gt=0, le=30)
    timeout_s: float = Field(default=5, gt=0, le=10)

    @field_validator("process", "health_url")
    @classmethod
    def _known_placeholders(cls, text: str) -> str:
        try:
            return check_template(text)
        except SettingError as why:
            raise ValueError(str(why)) from None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if bool(self.socket) is (self.url is not None):
            raise ValueError("give either socket or url")
        if self.health_url and not self.health_url.startswith(("http://", "https://")):
            raise ValueError("health_url must begin with http:// or https://")
        return self

    @override
    async def plan(self, request: ActionRequest) -> Plan:
        name = fill(self.process, request.values)
        health_url = health_address(self.health_url, request, self.instances)
        seen = await self._wire().look(name)
        if seen.state in DEAD:
            sentence, why = f"Start {name}.", f"it is {seen.state}"
        elif seen.state == RUNNING:
            await self._must_hang(name, health_url)
            sentence = f"Kill {name} (pid {seen.pid}) and start it again."
            why = f"it runs but did not answer within {self.health_within_ms} ms"
        else:
            raise ReceiverUnavailable(f"{name} is {seen.state}: its supervisor is at it")
        facts = {"process": name, "health_url": health_url, "pid": seen.pid, "state": seen.state}
        return Plan(target=name, sentence=sentence, precondition=why, facts=facts)

    @override
    async def apply(self, request: ActionRequest, plan: Plan) -> str:
        wire, name = self._wire(), plan.target
        async with _LOCKS.setdefault((self.socket or str(self.url), name), asyncio.Lock()):
            seen = await wire.look(name)
            if seen.state == RUNNING and seen.pid != plan.facts["pid"]:
                return f"{name} already runs again with pid {seen.pid}; nothing was left to do."
            if seen.state == RUNNING:
                await self._must_hang(name, plan.facts["health_url"])
                await wire.kill(name)
            return await self._start(wire, name, seen.pid)

    @override
    async def verify(self, request: ActionRequest, plan: Plan) -> Verdict:
        seen = await self._wire().look(plan.target)
        if seen.state != RUNNING or seen.pid == plan.facts["pid"]:
            return Verdict(works=False, seen=f"{plan.target} is {seen.state}, pid {seen.pid}")
        health_url = plan.facts["health_url"]
        if not health_url:
            return Verdict(works=True, seen=f"{plan.target} runs with the new pid {seen.pid}")
        status = await probe(health_url, within_ms=self.health_within_ms)
        said = f"{plan.target} runs with the new pid {seen.pid} and answers {status or 'nothing'}"
        return Verdict(works=status == HEALTHY, seen=said)

    @override
    async def undo(self, request: ActionRequest, plan: Plan) -> str:
        return "A restart leaves nothing to undo."

    async def _must_hang(self, name: str, health_url: str) -> None:
        """Raise `PreconditionFailed` unless every probe stays without any answer."""
        if not health_url:
            raise PreconditionFailed(f"{name} runs, and no health_url could show that it hangs")
        for _ in range(PROBES):
            status = await probe(health_url, within_ms=self.health_within_ms)
            if status is not None:
                raise PreconditionFailed(f"{name} runs and answers {status}")

    async def _start(self, wire: Supervisord, name: str, old_pid: int) -> str:
        """Start a process once it is dead, and wait until it runs under another pid."""
        began = False
        try:
            async with asyncio.timeout(self.start_within_s):
                while not _runs_anew(seen := await wire.look(name), old_pid):
                    if seen.state in DEAD and began:
                        raise ReceiverRefused(f"{name} is {seen.state} at once: {seen.error}")
                    if seen.state in DEAD:
                        await wire.start(name)
                        began = True
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise ReceiverRefused(f"{name} does not run {self.start_within_s:g} s later") from None
        return f"{name} runs with the new pid {seen.pid}."

    def _wire(self) -> Supervisord:
        login = (self.username, self.password.get_secret_value()) if self.username else None
        return Supervisord(self.socket, str(self.url or ""), login, self.timeout_s)


def _runs_anew(seen: Process, old_pid: int) -> bool:
    return seen.state == RUNNING and seen.pid not in {0, old_pid}
