"""Time as an argument: one clock for the world, one for tests and simulations."""

import time
from typing import Protocol

NEW_YEAR_2026_MS = 1_767_225_600_000


class Clock(Protocol):
    """What tells the time; everything that waits or stamps takes one."""

    def now_ms(self) -> int:
        """Return the wall clock in Unix milliseconds; it may jump either way."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds since some fixed moment; it never runs backwards."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        """Return the wall clock in Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ms: int = NEW_YEAR_2026_MS) -> None:
        """Begin at `now_ms`, with the monotonic clock at 0."""
        self._now_ms = now_ms
        self._passed_ms = 0

    def now_ms(self) -> int:
        """Return the wall clock in Unix milliseconds."""
        return self._now_ms

    def monotonic_s(self) -> float:
        """Return the seconds that `advance` let pass."""
        return self._passed_ms / 1000

    def advance(self, *, s: float = 0.0, ms: int = 0) -> int:
        """Let time pass on both clocks; return the new wall clock. Raises ValueError backwards."""
        passed_ms = ms + round(s * 1000)
        if passed_ms < 0:
            raise ValueError("time does not run backwards; a wall clock that jumps is `jump`")
        self._now_ms += passed_ms
        self._passed_ms += passed_ms
        return self._now_ms

    def jump(self, ms: int) -> int:
        """Set the wall clock off by `ms`, either way, as an operator or NTP would."""
        self._now_ms += ms
        return self._now_ms
