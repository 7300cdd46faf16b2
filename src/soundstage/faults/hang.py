"""The process stands still: it keeps its connections and answers nothing."""

import os
import signal
from dataclasses import dataclass

from soundstage.sabotage.handle import Handle
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class Hang(Fault):
    """SIGSTOP; withdrawn by SIGCONT if the same process still stands still."""

    target = "package"
    seconds = 40.0
    broken = "{target} stands still: requests to it time out"
    listener_notices = "sound stops when the buffer is empty, later goes on further behind live"

    def begin(self, handle: Handle, *, seconds: float) -> None:  # noqa: ARG002 - the face of Fault
        """Stop the process."""
        handle.hit(signal.SIGSTOP)

    def end(self, handle: Handle) -> None:
        """Let it go on."""
        if handle.still_stopped():
            os.kill(handle.pid, signal.SIGCONT)
