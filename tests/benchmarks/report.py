"""One line for each measured figure, and the memory of what fell below its floor."""

import sys
from collections.abc import Callable
from typing import NoReturn

missed: list[str] = []
"""Names of the figures of this process that missed their floor."""


def report(name: str, value: float, *, unit: str, floor: float, goal: float) -> bool:
    """Print `name value unit floor goal`; return whether the floor is held.

    Less is better where the goal lies below the floor, as for latency and memory.
    """
    held = value <= floor if goal < floor else value >= floor
    if not held:
        missed.append(name)
    figures = f"{_plain(value)} {unit} {_plain(floor)} {_plain(goal)}"
    print(f"{name} {figures}", flush=True)
    return held


def run_alone(main: Callable[[], None]) -> NoReturn:
    """Run one benchmark as a program of its own; it ends with 1 when a floor was missed."""
    main()
    if missed:
        print(f"below the floor: {', '.join(missed)}", file=sys.stderr)
    sys.exit(1 if missed else 0)


def _plain(figure: float) -> str:
    return f"{figure:.4g}" if abs(figure) < 10_000 else f"{figure:.0f}"
