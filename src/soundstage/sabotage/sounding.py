"""Faults of the sound itself: they change the samples that leave a stage, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.sabotage.port import Fault

if TYPE_CHECKING:
    from soundstage.audio.format import Pcm
    from soundstage.sabotage.inside import Bend, Inside


@dataclass(frozen=True, kw_only=True)
class SoundFault(Fault):
    """The face of faults that bend sound; ``make_bend`` gives the bending with its own memory.

    The stages that handle PCM can have them. At ingest they come behind the source tap.
    """

    target = "enhance"
    seconds = 40.0
    targets = ("ingest", "enhance", "encode")

    programme: str = ""
    """Only this programme (``tenant/name``); empty is all of them."""

    def enter(self, inside: Inside) -> None:
        """Bend the sound of the chosen programmes from the next chunk on."""
        bend, only = self.make_bend(), self.programme

        def bend_chosen(programme: str, seq: int, pcm: Pcm) -> Pcm:
            return bend(programme, seq, pcm) if only in ("", programme) else pcm

        inside.bend_sound(bend_chosen)

    def make_bend(self) -> Bend:
        """Return (programme, seq, sound) → sound of the same shape."""
        raise NotImplementedError
