"""The process is gone at once, as after the kernel's out-of-memory killer."""

import signal
from dataclasses import dataclass

from soundstage.sabotage.handle import Handle
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class Kill(Fault):
    """SIGKILL; withdrawn by starting the process again if nobody did."""

    target = "encode"
    seconds = 40.0
    broken = "{target} was killed and does not run"
    listener_notices = "sound stops when the buffer is empty, then goes on with a gap"

    def begin(self, handle: Handle, *, seconds: float) -> None:  # noqa: ARG002 - the face of Fault
        """Kill the process."""
        handle.hit(signal.SIGKILL)

    def end(self, handle: Handle) -> None:
        """Start it again."""
        handle.start()
