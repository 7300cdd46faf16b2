"""What listening to a stream brings: sound, or why nothing can be heard."""

from dataclasses import dataclass
from enum import StrEnum

from auscult.kernel.sounds.sound import Pcm


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of decoded sound.

    `arrived_ms` is when its last byte came, `media_ms` when it was made, where the stream says
    that (EXT-X-PROGRAM-DATE-TIME); both Unix milliseconds. `size_bytes` is what it took to carry
    it. `follows` is False where something is missing before it, or the encoding starts anew.
    """

    samples: Pcm
    rate_hz: int
    arrived_ms: int
    size_bytes: int
    media_ms: int | None = None
    follows: bool = True

    @property
    def duration_s(self) -> float:
        """How long it sounds, in seconds."""
        return len(self.samples) / self.rate_hz


class Why(StrEnum):
    """Why a stream cannot be heard.

    ENDED is a stream that was to go on, COMPLETE a recording that was heard to its end, LEFT one
    that nobody listens to any more because that was so wished.
    """

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    SLOW = "slow"
    TOO_LARGE = "too large"
    MALFORMED = "malformed"
    SCRAMBLED = "scrambled"
    NO_AUDIO = "no audio"
    STALE = "stale"
    MISSED = "missed"
    ENDED = "ended"
    COMPLETE = "complete"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Unheard:
    """Something that could not be heard: itself a fact about the stream."""

    why: Why
    at_ms: int
    detail: str
