"""The shelf of monitors, what one of them is given at each look, and what it remembers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from auscult.detection.remarks import Remark
from auscult.kernel.matchers import Matcher
from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.telemetry import PlayerColumns, SpanColumns
from auscult.kernel.words import Labels, TenantId
from auscult.signals.traces import Names


@dataclass(frozen=True, slots=True)
class Window:
    """The recent samples of one series: int64[n] Unix milliseconds, float64[n]; counters as rates.

    A gap is NaN. The columns are copies.
    """

    labels: Labels
    at_ms: NDArray[np.int64]
    value: NDArray[np.float64]


def _no_series(_matchers: tuple[Matcher, ...]) -> Sequence[Window]:
    return ()


@dataclass(frozen=True, slots=True)
class View:
    """What one tenant's signals brought since the last look, each in the order in which it came.

    `behind_ms` is how old the oldest sound is that was left for a later look. `ended` is what a
    person ended although it still held, as (about, signal).

    `names` knows the texts of the numbers in `spans`. `series` returns the windows of the tenant's
    series whose labels fulfil every matcher (at most 500 of them); it costs a search, so a monitor
    asks every few seconds at most.
    """

    tenant: TenantId
    now_ms: int
    sounds: Sequence[tuple[Stream, Heard | Unheard]] = ()
    spans: Sequence[SpanColumns] = ()
    names: Names = field(default_factory=Names)
    plays: Sequence[PlayerColumns] = ()
    behind_ms: int = 0
    ended: frozenset[tuple[str, str]] = frozenset()
    series: Callable[[tuple[Matcher, ...]], Sequence[Window]] = _no_series


class Lookout(Protocol):
    """The memory of one monitor at one tenant. One thread at a time looks."""

    def look(self, view: View) -> Iterable[Remark]:
        """Take in what came, and return everything that holds now, also what was said before."""
        ...


Memory = dict[str, Any]
"""What outlasts a restart: plain values, as JSON can hold them, of a bounded number."""


@runtime_checkable
class Keeper(Lookout, Protocol):
    """A lookout that remembers something across a restart. What it told is kept without it."""

    def keep(self) -> Memory:
        """Return what `Monitor.resume` needs to go on; called between two looks."""
        ...


@runtime_checkable
class Overseer(Lookout, Protocol):
    """A lookout that can say how things stand, whether something is wrong or not."""

    def standing(self) -> object:
        """Return how things stood at the last look, as data classes; called between two looks."""
        ...


class Monitor(Plug):
    """Knows what figures, sounds, spans and plays mean for a listener."""

    memory_version: ClassVar[int] = 1
    """What its lookouts keep is given to a `resume` of the same version alone."""

    enabled: bool = True
    quiet_s: float = Field(default=10.0, ge=0)
    """A finding is over when it was not said again for so long."""

    def begin(self) -> Lookout:
        """Return the memory for a tenant of whom nothing is known yet."""
        # No stub: there is no memory that would do for every monitor, so each must say its own.
        raise NotImplementedError

    def resume(self, memory: Memory, *, now_ms: int) -> Lookout:
        """Return the memory for a tenant of whom so much was kept before a restart.

        Where it raises anything the lookout begins anew.
        """
        del memory, now_ms
        return self.begin()


MONITORS: Shelf[Monitor] = Shelf("auscult.performance.monitors", Monitor)
"""Every monitor on it looks at every tenant by its defaults, unless the settings say otherwise."""
