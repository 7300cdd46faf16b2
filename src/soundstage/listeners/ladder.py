"""Which rung of the ladder a player takes: throughput decides, and a failure steps down. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

HEADROOM = 1.5
"""A rung is taken when the measured throughput is this many times its rate (as dash.js)."""

MEMORY = 0.7
"""Weight of what was measured before (exponential mean)."""


@dataclass(slots=True)
class Choice:
    """The rung of one session; rates in kbit/s, best first."""

    ladder_kbps: Sequence[int]
    kbps: int = 0
    throughput_kbps: float = 0.0

    def __post_init__(self) -> None:
        """Begin at the best rung."""
        self.kbps = self.ladder_kbps[0]

    def follow(self, ladder_kbps: Sequence[int]) -> None:
        """Take another ladder, as a player does that reads the playlist of playlists again."""
        if tuple(ladder_kbps) == tuple(self.ladder_kbps):
            return
        self.ladder_kbps = ladder_kbps
        if self.kbps not in ladder_kbps:
            below = [kbps for kbps in ladder_kbps if kbps <= self.kbps]
            self.kbps = below[0] if below else ladder_kbps[-1]

    def measure(self, size_bytes: int, took_s: float) -> None:
        """Take a download into account and choose the rung for the next one."""
        newest = size_bytes * 8 / 1_000 / max(took_s, 1e-4)
        before = self.throughput_kbps or newest
        self.throughput_kbps = MEMORY * before + (1 - MEMORY) * newest
        fitting = [k for k in self.ladder_kbps if k * HEADROOM <= self.throughput_kbps]
        self.kbps = fitting[0] if fitting else self.ladder_kbps[-1]

    def step_down(self) -> None:
        """A download failed: take the next rung below, and believe no more than it needs."""
        at = list(self.ladder_kbps).index(self.kbps)
        self.kbps = self.ladder_kbps[min(at + 1, len(self.ladder_kbps) - 1)]
        self.throughput_kbps = min(self.throughput_kbps, self.kbps * HEADROOM)
