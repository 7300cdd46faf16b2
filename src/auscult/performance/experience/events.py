"""What players tell, as columns: one row for each event, in any order, of many sessions."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import InputError

EVENTS_MAX = 5_000_000


class Event(IntEnum):
    """What happened in a player; the number is what the column holds."""

    REQUESTED = 0
    """The listener pressed play."""
    STARTED = 1
    """The first sound was heard."""
    STALLED = 2
    """The sound stopped because nothing was left to play."""
    RESUMED = 3
    """The sound went on, after a stall or a pause."""
    PAUSED = 4
    """The listener paused, or seeks."""
    BITRATE = 5
    """The rendition is this one from now on; the value is its rate in kbit/s."""
    FAILED = 6
    """The player gave up; nothing is heard any more."""
    ENDED = 7
    """The listener left, or the programme was over."""


@dataclass(frozen=True, slots=True)
class PlayerEvents:
    """n events as columns of shape (n,), in any order.

    session: int64, a number for each play. at_ms: int64, the player's time. kind: int8, `Event`.
    value: float64, kbit/s for `BITRATE`, else not looked at. Raises `InputError` for columns that
    do not belong together, an unknown kind, a rate that is no finite number above 0, and more than
    5,000,000 events.
    """

    session: NDArray[np.int64]
    at_ms: NDArray[np.int64]
    kind: NDArray[np.int8]
    value: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse columns that do not belong together."""
        shapes = {self.session.shape, self.at_ms.shape, self.kind.shape, self.value.shape}
        if len(shapes) > 1 or self.session.ndim != 1 or self.session.size > EVENTS_MAX:
            raise InputError(f"the columns of events have the shapes {sorted(shapes)}")
        if self.kind.size and not (self.kind.min() >= 0 and self.kind.max() <= max(Event)):
            raise InputError("a player's event of an unknown kind")
        rate = self.value[self.kind == Event.BITRATE]
        if not (np.isfinite(rate).all() and (rate > 0).all()):
            raise InputError("a bitrate that is no finite number above 0")
