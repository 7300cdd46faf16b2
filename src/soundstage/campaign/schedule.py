"""What a campaign breaks and when: the same for the same seed. Pure."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

from soundstage.errors import BadSetting
from soundstage.sabotage import shelf
from soundstage.sabotage.port import Fault

QUIET_S = (30.0, 75.0)
"""Least and most quiet before a fault: what watches has to see an end before the next beginning."""

HOLD_S = (25.0, 45.0)
LAST_QUIET_S = 30.0
MOST_MINUTES = 24 * 60.0
LEAST_S = QUIET_S[0] + HOLD_S[0] + LAST_QUIET_S
"""The shortest campaign that has room for one fault."""

USUAL = 0.7
"""Share of the faults that hit their usual target; the rest are aimed at another that can."""


@dataclass(frozen=True, slots=True)
class Step:
    """A quiet stretch and the fault after it."""

    quiet_s: float
    name: str
    target: str
    seconds: float
    parameters: dict[str, str] = field(default_factory=dict)


def draw_steps(
    seed: int, *, minutes: float, names: Sequence[str] = (), programmes: Sequence[str] = ()
) -> Iterator[Step]:
    """Yield the steps that fit into ``minutes``; every fault comes before one comes again.

    ``programmes`` (``tenant/name``) are those a fault of the sound may be narrowed to. Where the
    time is short the first step is shortened to fit. Raises ``BadSetting`` for a length in which
    nothing can be broken and ``UnknownFault`` for a wrong name.
    """
    if not 0 < minutes <= MOST_MINUTES:
        raise BadSetting(f"a campaign lasts up to {MOST_MINUTES:.0f} minutes")
    if minutes * 60.0 < LEAST_S:
        raise BadSetting(
            f"nothing would be broken in {minutes:g} minutes: with the quiet before and after it a "
            f"fault takes at least {LEAST_S:.0f} s; write --minutes {math.ceil(LEAST_S / 6) / 10:g}"
        )
    kinds = {name: shelf.load(name) for name in names or shelf.names()}
    rng = random.Random(seed)
    left_s = minutes * 60.0 - LAST_QUIET_S
    bag: list[str] = []
    is_first = True
    while True:
        if not bag:
            bag = rng.sample(sorted(kinds), len(kinds))
        name = bag.pop()
        quiet_s, seconds = round(rng.uniform(*QUIET_S), 1), round(rng.uniform(*HOLD_S), 1)
        if is_first:
            quiet_s, seconds = _shorten(quiet_s, seconds, left_s=left_s)
            is_first = False
        left_s -= quiet_s + seconds
        if left_s < 0:
            return
        kind = kinds[name]
        yield Step(quiet_s, name, _aim(kind, rng), seconds, _narrow(kind, programmes, rng))


def _shorten(quiet_s: float, seconds: float, *, left_s: float) -> tuple[float, float]:
    """Return both as they were drawn or, in a short campaign, so much nearer to their least."""
    over_s, spare_s = quiet_s + seconds - left_s, quiet_s + seconds - QUIET_S[0] - HOLD_S[0]
    if over_s <= 0:
        return quiet_s, seconds
    keep = max(0.0, 1.0 - over_s / spare_s)
    quiet_s = math.floor(10 * (QUIET_S[0] + keep * (quiet_s - QUIET_S[0]))) / 10
    return quiet_s, math.floor(10 * (HOLD_S[0] + keep * (seconds - HOLD_S[0]))) / 10


def _aim(kind: type[Fault], rng: random.Random) -> str:
    others = [target for target in kind.targets if target != kind.target]
    return kind.target if not others or rng.random() < USUAL else rng.choice(others)


def _narrow(kind: type[Fault], programmes: Sequence[str], rng: random.Random) -> dict[str, str]:
    able = programmes and any(field.name == "programme" for field in fields(kind))
    return {"programme": rng.choice(programmes)} if able and rng.random() < 1 / 2 else {}
