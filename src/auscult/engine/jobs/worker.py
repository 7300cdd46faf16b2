"""A worker: one task a line on standard input, one answer a line on standard output.

`python -m auscult.engine.jobs.worker PARENT NICE BYTES`. It ends with its input, and with its
parent, even where that one is killed.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from auscult.engine.jobs.budget import Words
from auscult.kernel.errors import AuscultError
from auscult.runtime.guards import die_with_parent

PACKAGE = "auscult."


def main(parent_pid: int, nice: int, memory_bytes: int) -> None:
    """Work until there is no more input."""
    die_with_parent(parent_pid)
    os.nice(nice)
    _limit(memory_bytes)
    answers = _keep_output()
    for line in sys.stdin.buffer:
        answers.write(json.dumps(work(json.loads(line))).encode() + b"\n")
        answers.flush()


def work(task: Words) -> Words:
    """Return {"answer": ...}, or {"refused": why} where the input is at fault."""
    try:
        return {"answer": find_function(task["function"])(task["words"])}
    except AuscultError as why:
        return {"refused": why.detail or str(why)}
    except MemoryError:
        return {"refused": "it takes more memory than a worker may have"}


def find_function(name: str) -> Callable[[Words], Words]:
    """Return a function of this package by `module:name`; raises `ValueError` for any other."""
    module, _, function = name.partition(":")
    if not module.startswith(PACKAGE) or not function.isidentifier():
        raise ValueError(f"{name!r} is no job")
    found: Callable[[Words], Words] = getattr(import_module(module), function)
    return found


def _limit(memory_bytes: int) -> None:
    """Bound the data of this process; Linux counts private mappings too (getrlimit(2))."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _keep_output() -> BinaryIO:
    """Take standard output for answers alone: what a library prints goes to standard error."""
    kept = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return kept


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
