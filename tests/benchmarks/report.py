"""One line for each measured figure, and the memory of what fell below its floor."""

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


def _plain(figure: float) -> str:
    return f"{figure:.4g}" if abs(figure) < 10_000 else f"{figure:.0f}"
