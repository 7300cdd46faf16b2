"""``soundstage status``: what runs, in which release, in how many replicas."""

from collections.abc import Iterator
from pathlib import Path

from soundstage.stages.release import running_release
from soundstage.supervision.finding import find_running
from soundstage.supervision.rpc import Supervisor


def describe(state: Path) -> Iterator[str]:
    """Yield a line per process; raises ``NotRunning``."""
    plan = find_running(state)
    states = Supervisor(plan.supervisor_socket).states()
    yield f"{'process':<18} {'state':<10} {'pid':>8}  {'release':<8} {'replica':<8} address"
    for process in plan.processes:
        word, pid = states[process.name]
        replicas = plan.replicas(process.stage)
        number = f"{replicas.index(process) + 1} of {len(replicas)}" if not process.tenant else "-"
        release = running_release(state, process.name)
        yield (
            f"{process.name:<18} {word.lower():<10} {pid or '-':>8}  {release:<8} {number:<8} "
            f"{process.url}"
        )
