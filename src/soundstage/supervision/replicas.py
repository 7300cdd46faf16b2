"""Replicas of a stage come and go while the platform runs, and no chunk is lost on the way."""

import fcntl
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from soundstage.errors import BadSetting, NotRunning, StartFailed
from soundstage.plan import MOST_REPLICAS, STAGES, Plan, Process, free_ports, load_plan, save_plan
from soundstage.supervision.finding import find_running
from soundstage.supervision.rpc import Supervisor

WARM_S = 3.0
"""How long old and new work side by side: longer than a segment, so that the new one has one."""

START_S = 30.0
TELL_S = 3.0


def scale(state: Path, stage: str, count: int) -> list[str]:
    """Let ``count`` replicas of ``stage`` work; returns their names.

    Raises ``BadSetting`` for a wrong stage or count, ``StartFailed`` when one does not come up, and
    ``NotRunning`` when the platform, or one process that has to know, does not answer.
    """
    if stage not in STAGES:
        raise BadSetting(f"no stage '{stage}'; there are: {', '.join(STAGES)}")
    if not 1 <= count <= MOST_REPLICAS:
        raise BadSetting(f"a stage has 1 to {MOST_REPLICAS} replicas")
    with alone(state):
        while len(load_plan(state).replicas(stage)) < count:
            _add(state, stage)
        while len(load_plan(state).replicas(stage)) > count:
            _remove(state, stage)
    return [place.name for place in load_plan(state).replicas(stage)]


def _add(state: Path, stage: str) -> None:
    plan = load_plan(state)
    first, supervisor = plan.process(stage), Supervisor(plan.supervisor_socket)
    number = len(plan.replicas(stage)) + 1
    new = replace(first, name=f"{stage}-{number}", port=free_ports(1)[0])
    wider = replace(plan, processes=(*plan.processes, new))
    save_plan(wider, state, starting=new.name)
    try:
        supervisor.start(new.name)
        _await(new)
    except (StartFailed, NotRunning):
        supervisor.stop(new.name)
        save_plan(plan, state)
        raise
    pid = supervisor.states()[new.name][1]
    wider = replace(wider, pids={**plan.pids, new.name: pid})
    save_plan(wider, state)
    time.sleep(WARM_S)
    # Who asks is told first: until then the old ones do the work of the new one too.
    tell(_askers(wider, stage))
    tell(place for place in wider.processes if place.upstream != stage and place != new)


def _remove(state: Path, stage: str) -> None:
    plan = load_plan(state)
    last = plan.replicas(stage)[-1]
    kept = tuple(place for place in plan.processes if place != last)
    pids = {name: pid for name, pid in plan.pids.items() if name != last.name}
    narrower = replace(plan, processes=kept, pids=pids)
    save_plan(narrower, state)
    tell(narrower.replicas(stage))
    time.sleep(WARM_S)
    tell(place for place in narrower.processes if place.stage != stage)
    Supervisor(plan.supervisor_socket).stop(last.name)


def tell(places: Iterable[Process]) -> None:
    """Let processes read the plan again; raises ``NotRunning`` after the last if one did not."""
    deaf = []
    for place in places:
        request = urllib.request.Request(  # noqa: S310 - always http on loopback
            f"{place.url}/control/plan",
            data=json.dumps({}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=TELL_S).close()  # noqa: S310 - as above
        except (OSError, urllib.error.URLError):
            deaf.append(place.name)
    if deaf:
        raise NotRunning(f"not told of the change, for they do not answer: {', '.join(deaf)}")


def _askers(plan: Plan, stage: str) -> list[Process]:
    return [place for place in plan.processes if place.upstream == stage]


def _await(place: Process) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"{place.url}/healthz", timeout=0.5).close()  # noqa: S310 - as above
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise StartFailed(f"{place.name} did not come up in {START_S:.0f} s") from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Let nobody else change the plan meanwhile."""
    find_running(state)
    with (state / "plan.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadSetting("somebody else is changing this platform; try again") from None
        yield
