"""What was freed is the system's again."""

import sys

import pytest

from auscult.runtime.memory import give_back
from tests.benchmarks.processes import resident_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps it, and only Linux tells")
def test_freed_memory_is_given_back() -> None:
    import os

    blocks = [bytearray(100_000) for _ in range(1_000)]
    last = bytearray(100_000)  # stands above them in the heap, so that it cannot just shrink
    held = resident_bytes(os.getpid())
    del blocks
    give_back()
    assert held - resident_bytes(os.getpid()) > 50_000_000
    assert len(last) == 100_000
