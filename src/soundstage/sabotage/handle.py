"""A handle of one process for faults that act from outside."""

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from soundstage.errors import NotRunning
from soundstage.plan import Plan
from soundstage.stages.release import choose_release
from soundstage.supervision.rpc import Supervisor

TIMEOUT_S = 3.0


class Handle:
    """One process of a running platform, seen from outside, for one fault."""

    def __init__(self, state: Path, plan: Plan, *, target: str, fault: str) -> None:
        """Point at process ``target`` of the plan."""
        self.state = state
        self.place = plan.process(target)
        self.fault = fault
        self.supervisor = Supervisor(plan.supervisor_socket)
        self.pid = 0
        """The process the fault hit; a later one under the same name is left alone."""

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

    def ask_inside(self, parameters: dict[str, Any], *, seconds: float) -> None:
        """Ask the process to enter the fault; raises ``NotRunning`` when it does not answer."""
        wish = {"name": self.fault, "parameters": parameters, "seconds": seconds}
        self._send("POST", "/control/fault", wish)

    def leave_inside(self) -> None:
        """Ask the process to leave the fault; one that is gone has left it already."""
        try:
            self._send("DELETE", f"/control/fault/{self.fault}", None)
        except NotRunning:
            return

    def _send(self, method: str, path: str, wish: dict[str, Any] | None) -> None:
        request = urllib.request.Request(  # noqa: S310 - always http on loopback
            self.place.url + path,
            data=None if wish is None else json.dumps(wish).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - as above
                return
        except (OSError, urllib.error.URLError) as error:
            raise NotRunning(f"{self.place.name} does not answer: {error}") from error
