"""A programme carries the sound of another one, as after a crossed wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.sabotage.sounding import SoundFault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend, Inside


@dataclass(frozen=True, kw_only=True)
class WrongProgramme(SoundFault):
    """Each chosen programme plays what its neighbour in the same process plays."""

    broken = "{target} puts the sound of other programmes on the air"
    listener_notices = "something else is heard than was chosen"

    def enter(self, inside: Inside) -> None:
        """See every programme, for the sound of one is that of another; change the chosen ones."""
        swap, only = self.make_bend(), self.programme

        def bend(programme: str, seq: int, pcm: Pcm) -> Pcm:
            other = swap(programme, seq, pcm)
            return other if only in ("", programme) else pcm

        inside.bend_sound(bend)

    def make_bend(self) -> Bend:
        """Hand on the newest chunk of the neighbour."""
        newest: dict[str, Pcm] = {}

        def bend(programme: str, _seq: int, pcm: Pcm) -> Pcm:
            newest[programme] = pcm
            names = sorted(newest)
            return newest[names[(names.index(programme) + 1) % len(names)]]

        return bend
