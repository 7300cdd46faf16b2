"""Death with the parent: a killed parent must leave no process behind.

Linux only (``prctl(PR_SET_PDEATHSIG)``, prctl(2)); the setting survives ``execv``. Elsewhere the
guard does nothing, and after ``kill -9`` of a parent ``soundstage down`` clears up.

As a script, ``guard.py SIGNAL PARENT_PID PROGRAM ARGS…`` arms itself and becomes the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGKILL, *, parent_pid: int = 0) -> None:
    """Ask the kernel to send ``number`` when the parent ends, and leave if it already has.

    The kernel watches the *thread* that forked; parents spawn from their main thread.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    parent = os.getppid()
    if parent == 1 or parent_pid not in (0, parent):
        os._exit(1)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]), parent_pid=int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - it becomes the program it was given
