"""Linear algebra keeps to one thread, unless somebody chose otherwise."""

import subprocess
import sys

import pytest

SCRIPT = """
from auscult.runtime.threads import keep_to_one_thread
keep_to_one_thread()
import numpy, threading, os
a = numpy.ones((600, 600)); a @ a
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize(("chosen", "threads"), [(None, 1), ("2", 2)])
def test_the_choice_of_whoever_chose_stands(chosen: str | None, threads: int) -> None:
    environ = {} if chosen is None else {"OPENBLAS_NUM_THREADS": chosen}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == threads
