"""Sound that waits to be reported: bounded in number and bytes, honest about what is missing."""

from collections import deque
from dataclasses import dataclass, field, replace

from auscult.kernel.sounds import Heard, Stream, Unheard

SOUNDS_WAITING_MAX = 600
SOUND_BYTES_WAITING_MAX = 128 << 20
"""Of samples as they lie in memory: some five minutes of one stereo stream at 48 kHz."""

Sounding = tuple[Stream, Heard | Unheard]


@dataclass(slots=True)
class SoundsWaiting:
    """A line, the oldest first. The oldest are let go where it becomes too long."""

    dropped: int = 0
    size_bytes: int = 0
    _line: deque[Sounding] = field(default_factory=deque)
    _broken: set[Stream] = field(default_factory=set)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)

    def add(self, stream: Stream, found: Heard | Unheard) -> None:
        """Let sound, or why there is none, wait for its turn."""
        self._line.append((stream, found))
        self.size_bytes += _bytes_of(found)
        while len(self._line) > SOUNDS_WAITING_MAX or self.size_bytes > SOUND_BYTES_WAITING_MAX:
            self._lose()

    def first(self) -> Sounding:
        """Return whose turn it is; where something was lost before it, it does not follow."""
        stream, found = self._line[0]
        if isinstance(found, Heard) and found.follows and stream in self._broken:
            self._line[0] = (stream, replace(found, follows=False))
        return self._line[0]

    def leave(self, sent: Sounding) -> None:
        """Take from the line what has arrived, unless it was let go meanwhile."""
        if self._line and self._line[0] is sent:
            self._take()
            if isinstance(sent[1], Heard):
                self._broken.discard(sent[0])

    def refuse(self, sent: Sounding) -> None:
        """Take from the line what nobody will ever take: it is missing at the other end."""
        if self._line and self._line[0] is sent:
            self._lose()

    def _lose(self) -> None:
        stream, found = self._take()
        self.dropped += 1
        if isinstance(found, Heard):
            self._broken.add(stream)

    def _take(self) -> Sounding:
        gone = self._line.popleft()
        self.size_bytes -= _bytes_of(gone[1])
        return gone


def _bytes_of(found: Heard | Unheard) -> int:
    return found.samples.nbytes if isinstance(found, Heard) else 0
