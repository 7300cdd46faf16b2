"""Run the benchmarks: `python -m tests.benchmarks [NAME...]`, each in a process of its own.

Ends with 1 when a floor is missed or a benchmark fails. `--list` names them. Options after the
names are those of the benchmarks, as `oncall_schedules --count 100`.
"""

import subprocess
import sys
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import NoReturn

from auscult.runtime.threads import keep_to_one_thread
from tests.benchmarks.report import run_alone

HERE = Path(__file__).parent
NOT_A_BENCHMARK = {"__init__", "__main__", "report"}
TIMEOUT_S = 900


keep_to_one_thread()  # for the processes of the benchmarks, as the product does for itself


def main(arguments: list[str]) -> int:
    known = sorted(
        path.stem
        for path in HERE.glob("*.py")
        if path.stem not in NOT_A_BENCHMARK and "def main(" in path.read_text()
    )
    if arguments == ["--list"]:
        print("\n".join(known))
        return 0
    if arguments[:1] == ["--here"]:
        run_here(arguments[1])
    names = list(takewhile(lambda one: not one.startswith("--"), arguments))
    options = arguments[len(names) :]
    if unknown := set(names) - {*known}:
        print(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    failed = [name for name in names or known if not run_apart(name, options)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def run_apart(name: str, options: list[str]) -> bool:
    """Run one in a fresh process, so that none sees another's memory or caches."""
    command = [sys.executable, "-m", "tests.benchmarks", "--here", name, *options]
    try:
        return subprocess.run(command, check=False, timeout=TIMEOUT_S).returncode == 0
    except subprocess.TimeoutExpired:
        print(f"{name}: not done after {TIMEOUT_S} s", file=sys.stderr)
        return False


def run_here(name: str) -> NoReturn:
    run_alone(import_module(f"tests.benchmarks.{name}").main)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
