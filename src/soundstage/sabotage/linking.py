"""Faults of the network: a bad link is put between a stage and whoever asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.sabotage.port import Fault

if TYPE_CHECKING:
    from soundstage.sabotage.handle import Handle


@dataclass(frozen=True, kw_only=True)
class LinkFault(Fault):
    """The face of faults between two processes; fields are those of ``outside.proxy.Impairment``.

    The target is the stage whose answers have to travel over the bad link.
    """

    target = "package"
    seconds = 40.0
    targets = ("ingest", "enhance", "encode", "package", "edge")

    def begin(self, handle: Handle, *, seconds: float) -> None:
        """Open the link and lead everybody who asks the target over it."""
        handle.open_link(self.parameters(), seconds=seconds)

    def end(self, handle: Handle) -> None:
        """Lead them back and close the link."""
        handle.close_link()
