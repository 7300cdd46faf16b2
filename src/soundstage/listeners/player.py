"""The clock of a player: what is buffered, when it plays, when it stalls. Pure."""

from dataclasses import dataclass

START_S = 4.0
RESUME_S = 2.0
TOO_FAR_S = 10.0
"""A player further behind live than this jumps forward (hls.js: five target durations)."""

HURRY_RATE, LINGER_RATE = 1.2, 0.85
OFF_S, BACK_S, RESERVE_S = 0.6, 0.1, 1.0
"""This far off the distance from live it started with, a player hurries or lingers until it is
nearly back (dash.js: live catch-up). Without a reserve, hurrying would only cause a stall."""


@dataclass(slots=True)
class Player:
    """One session. Times are seconds; media time counts from the programme's start."""

    joined_s: float
    position_s: float = -1.0
    """Media time that is being played; negative before the first segment."""

    buffered_to_s: float = 0.0
    playing: bool = False
    startup_s: float = -1.0
    rebuffers: int = 0
    rebuffer_s: float = 0.0
    rate: float = 1.0
    usual_s: float = -1.0
    """How far behind live it played when it started; it comes back to that."""

    _seen_s: float = 0.0

    @property
    def buffer_s(self) -> float:
        """Seconds of sound downloaded and not yet played."""
        return max(0.0, self.buffered_to_s - self.position_s) if self.position_s >= 0 else 0.0

    def receive(self, begin_s: float, end_s: float) -> None:
        """Take a downloaded segment; a gap before it is skipped when playback reaches it."""
        if self.position_s < 0:
            self.position_s = begin_s
        elif self.position_s >= self.buffered_to_s:
            self.position_s = max(self.position_s, begin_s)
        self.buffered_to_s = max(self.buffered_to_s, end_s)

    def advance(self, now_s: float) -> None:
        """Let the clock go on to ``now_s`` (any monotonic clock)."""
        if not self._seen_s:
            self._seen_s = self.joined_s
        passed_s, self._seen_s = now_s - self._seen_s, now_s
        if self.playing:
            wanted_s = passed_s * self.rate
            played_s = min(wanted_s, self.buffer_s)
            self.position_s += played_s
            if played_s < wanted_s:
                self.playing = False
                self.rebuffers += 1
                self.rebuffer_s += (wanted_s - played_s) / self.rate
            return
        if self.startup_s >= 0:
            self.rebuffer_s += passed_s
        if self.buffer_s >= (START_S if self.startup_s < 0 else RESUME_S):
            self.playing = True
            if self.startup_s < 0:
                self.startup_s = now_s - self.joined_s

    def catch_up(self, live_s: float) -> None:
        """Stay as near live (media time ``live_s``) as it started: hurry, linger, or jump."""
        if self.position_s < 0:
            return
        behind_s = live_s - self.position_s
        if behind_s > TOO_FAR_S:
            self.position_s = max(self.position_s, self.buffered_to_s - START_S)
        if self.playing and self.usual_s < 0:
            self.usual_s = behind_s
        off_s = live_s - self.position_s - self.usual_s if self.usual_s >= 0 else 0.0
        if off_s > (BACK_S if self.rate > 1.0 else OFF_S) and self.buffer_s > RESERVE_S:
            self.rate = HURRY_RATE
        elif off_s < -(BACK_S if self.rate < 1.0 else OFF_S):
            self.rate = LINGER_RATE
        else:
            self.rate = 1.0

    def behind_s(self, live_s: float, now_s: float) -> float:
        """How far behind live it plays; before the first sound, how long it has waited."""
        return live_s - self.position_s if self.position_s >= 0 else now_s - self.joined_s
