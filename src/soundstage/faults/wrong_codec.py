"""The encoder runs with a setting nobody wanted: far too low a bit rate."""

from dataclasses import dataclass

from soundstage.errors import BadTarget
from soundstage.sabotage.inside import Inside
from soundstage.sabotage.port import Fault
from soundstage.settings import LEAST_KBPS, MOST_KBPS


@dataclass(frozen=True, kw_only=True)
class WrongCodec(Fault):
    """Every rung of the ladder is encoded at ``kbps``, whatever it is called."""

    target = "encode"
    seconds = 40.0
    targets = ("encode",)
    broken = "{target} encodes at a far too low bit rate"
    listener_notices = "it sounds like a bad telephone"

    kbps: int = 10

    def enter(self, inside: Inside) -> None:
        """Open the encoders again with the wrong rate."""
        if not LEAST_KBPS <= self.kbps <= MOST_KBPS:
            raise BadTarget(f"kbps: {LEAST_KBPS} to {MOST_KBPS}")
        inside.rate_kbps = self.kbps

    def leave(self, inside: Inside) -> None:
        """Open them with the right one."""
        inside.rate_kbps = 0
