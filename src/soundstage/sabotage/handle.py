"""A handle of one process for faults that act from outside."""

import contextlib
import json
import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from soundstage.errors import BadTarget, NotRunning
from soundstage.plan import Plan, Process
from soundstage.stages.release import choose_release, roll_back, running_release
from soundstage.supervision.rpc import Supervisor

TIMEOUT_S = 3.0
WAKE_S = 30.0
"""A loaded machine may need long to start a process."""


class Handle:
    """One process of a running platform, seen from outside, for one fault."""

    def __init__(self, state: Path, plan: Plan, *, target: str, fault: str) -> None:
        """Point at process ``target`` of the plan."""
        self.state, self.plan = state, plan
        self.place = plan.process(target)
        self.fault = fault
        self.supervisor = Supervisor(plan.supervisor_socket)
        self.pid = 0
        """The process the fault hit; a later one under the same name is left alone."""

        self._link_port = 0

    def hit(self, number: signal.Signals) -> None:
        """Send a signal to the process as it runs now and remember which one it was."""
        status, pid = self.supervisor.states()[self.place.name]
        if not pid:
            raise NotRunning(f"{self.place.name} is {status.lower()}: nothing to break")
        os.kill(pid, number)
        self.pid = pid

    def still_stopped(self) -> bool:
        """Whether the process that was hit still exists and stands still (proc(5), state T)."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def start(self) -> None:
        """Start the process if it does not run."""
        self.supervisor.start(self.place.name)

    def switch_release(self, release: str) -> None:
        """Restart the process with another release of its code."""
        choose_release(self.state, self.place.name, release)
        self.supervisor.stop(self.place.name)
        self.supervisor.start(self.place.name)

    def roll_back(self, release: str) -> None:
        """Restart the process with what ran before, if ``release`` has not been left already."""
        if running_release(self.state, self.place.name) == release:
            roll_back(self.state, self.place.name)
            self.supervisor.stop(self.place.name)
        self.supervisor.start(self.place.name)

    def ask_inside(self, parameters: dict[str, Any], *, seconds: float) -> None:
        """Ask the process to enter the fault; raises ``NotRunning`` when it does not answer."""
        wish = {"name": self.fault, "parameters": parameters, "seconds": seconds}
        send(self.place, "POST", "/control/fault", wish=wish)

    def leave_inside(self) -> None:
        """Ask the process to leave the fault; one that is gone has left it already."""
        with contextlib.suppress(NotRunning):
            send(self.place, "DELETE", f"/control/fault/{self.fault}")

    def ask_outside(self, parameters: dict[str, Any], *, seconds: float) -> None:
        """Ask the process ``outside`` to act, and start it first if it does not run."""
        outside = self._wake_outside()
        wish = {"name": self.fault, "parameters": parameters, "seconds": seconds}
        send(outside, "POST", "/control/fault", wish=wish)

    def leave_outside(self) -> None:
        """Ask it to stop; a process that is gone has stopped already."""
        with contextlib.suppress(NotRunning):
            send(self._outside(), "DELETE", f"/control/fault/{self.fault}")

    def open_link(self, impairment: dict[str, Any], *, seconds: float) -> None:
        """Put a proxy in front of the process and lead everybody who asks it over the proxy."""
        outside = self._wake_outside()
        wish = {"to_port": self.place.port, "impairment": impairment, "seconds": seconds}
        self._link_port = int(send(outside, "POST", "/links", wish=wish)["port"])
        url = f"http://127.0.0.1:{self._link_port}"
        detour = {"place": self.place.name, "url": url, "seconds": seconds}
        for asker in self._askers():
            send(asker, "POST", "/control/detour", wish=detour)

    def close_link(self) -> None:
        """Lead everybody back and close the proxy; whoever is gone needs no leading."""
        for asker in self._askers():
            with contextlib.suppress(NotRunning):
                send(asker, "DELETE", f"/control/detour/{self.place.name}")
        with contextlib.suppress(NotRunning):
            send(self._outside(), "DELETE", f"/links/{self._link_port}")

    def _askers(self) -> list[Process]:
        return [place for place in self.plan.processes if place.upstream == self.place.stage]

    def _outside(self) -> Process:
        if self.plan.outside is None:
            raise NotRunning("this platform has no outside: start it again with `soundstage up`")
        return self.plan.outside

    def _wake_outside(self) -> Process:
        outside = self._outside()
        self.supervisor.start(outside.name)
        deadline = time.monotonic() + WAKE_S
        while True:
            try:
                send(outside, "GET", "/healthz")
            except NotRunning:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return outside


def send(
    place: Process, method: str, path: str, *, wish: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Ask a process something and return its JSON answer.

    Raises ``NotRunning`` when it does not answer, ``BadTarget`` with its words when it refuses.
    """
    request = urllib.request.Request(  # noqa: S310 - always http on loopback
        place.url + path,
        data=None if wish is None else json.dumps(wish).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        words = error.read(500).decode(errors="replace")
        raise BadTarget(f"{place.name} refuses: {words}") from error
    except (OSError, urllib.error.URLError) as error:
        raise NotRunning(f"{place.name} does not answer: {error}") from error
