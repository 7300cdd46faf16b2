"""How far behind live a stage is, told so that it neither flickers nor hides a standstill."""

from soundstage.plan import Programme

PATIENCE = 1.25
"""An item is overdue after this many periods without one."""


class Lag:
    """The lag of one programme at one stage."""

    def __init__(self, programme: Programme, *, period_s: float) -> None:
        """Expect an item every ``period_s`` seconds from now on."""
        self._programme, self._period_s = programme, period_s
        self._newest = -1
        self._came_s = programme.live_s()
        self._behind_s = 0.0

    def begin(self) -> None:
        """Forget what was: the programme has just become this process's own."""
        self._newest, self._came_s, self._behind_s = -1, self._programme.live_s(), 0.0

    def note(self, number: int) -> None:
        """Item ``number`` was handed on just now; older ones say nothing new."""
        if number > self._newest:
            self._newest, self._came_s = number, self._programme.live_s()
            self._behind_s = self._came_s - (number + 1) * self._period_s

    def seconds(self) -> float:
        """How far the newest item was behind live, and how long the next one is overdue."""
        overdue_s = self._programme.live_s() - self._came_s - PATIENCE * self._period_s
        return max(0.0, self._behind_s) + max(0.0, overdue_s)
