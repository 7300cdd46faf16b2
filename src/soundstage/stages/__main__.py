"""Start one process: ``python -m soundstage.stages NAME STATE``."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

from soundstage.plan import LISTENERS, OUTSIDE
from soundstage.supervision.guard import die_with_parent

MODULES = {LISTENERS: "soundstage.listeners.audience", OUTSIDE: "soundstage.outside.world"}


def main(name: str, state: Path) -> None:
    """Take the place called ``name`` in the plan of the state folder and work."""
    die_with_parent()
    from soundstage.plan import load_plan
    from soundstage.stages.frame import Frame
    from soundstage.stages.release import running_release

    plan = load_plan(state)
    place = plan.process(name)
    frame = Frame(plan, place, state=state, release=running_release(state, name))
    import_module(MODULES.get(place.stage, f"soundstage.stages.{place.stage}")).set_up(frame)
    asyncio.run(frame.run())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
