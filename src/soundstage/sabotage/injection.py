"""One fault from begin to end, recorded in the truth log whatever happens in between."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from soundstage.errors import BadTarget, NotRunning
from soundstage.plan import load_plan
from soundstage.sabotage.handle import Handle
from soundstage.sabotage.port import Fault
from soundstage.sabotage.shelf import build
from soundstage.truth import Truth, drop_note, noted_while_it_begins, record_truth

MAX_SECONDS = 600.0


@dataclass(slots=True)
class Injection:
    """A fault aimed at a process; as a context manager it is always withdrawn."""

    state: Path
    name: str
    fault: Fault
    handle: Handle
    seconds: float
    started_ms: int = 0
    ended_ms: int = 0

    @property
    def target(self) -> str:
        """The process it breaks."""
        return self.handle.place.name

    def begin(self) -> Self:
        """Break the target now."""
        self.started_ms = time.time_ns() // 1_000_000
        until_ms = self.started_ms + round(1_000 * self.seconds)
        with noted_while_it_begins(self.state, self.truth(), until_ms=until_ms):
            self.fault.begin(self.handle, seconds=self.seconds)
        return self

    def end(self) -> None:
        """Withdraw the fault and record it, once."""
        if self.ended_ms or not self.started_ms:
            return
        self.ended_ms = time.time_ns() // 1_000_000
        try:
            self.fault.end(self.handle)
        finally:
            self._record()

    def abandon(self) -> None:
        """Record the fault without undoing it: the whole platform is about to be stopped."""
        if self.started_ms and not self.ended_ms:
            self.ended_ms = time.time_ns() // 1_000_000
            self._record()

    def _record(self) -> None:
        record_truth(self.state, self.truth())
        drop_note(self.state, self.truth())

    def truth(self) -> Truth:
        """Say what was broken."""
        return Truth(
            name=self.name,
            target=self.target,
            started_ms=self.started_ms,
            ended_ms=self.ended_ms,
            broken=self.fault.broken.format(target=self.target),
            listener_notices=self.fault.listener_notices,
            parameters=self.fault.parameters(),
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self.begin()

    def __exit__(self, *_: object) -> None:
        """End; a platform that is already gone has nothing to be undone."""
        try:
            self.end()
        except NotRunning:
            return


def aim(
    state: Path,
    name: str,
    *,
    target: str = "",
    seconds: float = 0.0,
    parameters: dict[str, Any] | None = None,
) -> Injection:
    """Prepare a fault against a running platform; raises ``BadTarget``, ``UnknownFault``."""
    fault = build(name, parameters or {})
    plan = load_plan(state)
    target = target or fault.target
    allowed = [
        process.name
        for process in plan.processes
        if not fault.targets or process.stage in fault.targets
    ]
    if target not in allowed:
        raise BadTarget(f"{name} cannot break '{target}'; it can break: {', '.join(allowed)}")
    seconds = seconds or fault.seconds
    if not 0.0 < seconds <= MAX_SECONDS:
        raise BadTarget(f"--seconds must be between 0 and {MAX_SECONDS:.0f}")
    return Injection(state, name, fault, Handle(state, plan, target=target, fault=name), seconds)
