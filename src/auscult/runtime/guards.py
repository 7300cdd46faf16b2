"""Guards for child processes: none outlives the parent that was killed with -9.

prctl(2), PR_SET_PDEATHSIG: Linux sends the signal to the child when its parent's *thread* ends,
so a guarded child is started from a thread that lives as long as the process. The setting
survives execve(2). Elsewhere there is no such guard, and `die_with_parent` says so.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int, sent: signal.Signals = signal.SIGKILL) -> bool:
    """Ask, in the child, to be sent a signal when the parent ends; False where that cannot be.

    `parent_pid` is what the parent said it is: when the parent ended before the request, this
    process has another one already, and the signal is sent at once.
    """
    if not sys.platform.startswith("linux"):
        return False
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0) != 0:
        return False
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), sent)
    return True


def guarded(command: list[str]) -> list[str]:
    """Return a command line that starts `command` so that it ends with this process."""
    return [sys.executable, "-m", "auscult.runtime.guards", str(os.getpid()), *command]


if __name__ == "__main__":  # `guarded` starts this file
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (the command is the caller's own)
