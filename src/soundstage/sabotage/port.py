"""What a fault is. One file on ``soundstage/faults/`` holds one subclass.

A fault changes behaviour, never a metric. It acts from outside (``begin``, ``end`` get a handle of
the process: signals, supervisor) or from inside (``enter``, ``leave`` run in the process itself).
Its dataclass fields are its parameters.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from soundstage.sabotage.handle import Handle
    from soundstage.sabotage.inside import Inside


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The face of every fault; the default acts from inside the process."""

    target: ClassVar[str] = "encode"
    """Which process it breaks when nobody says otherwise."""

    seconds: ClassVar[float] = 30.0
    """How long it lasts when nobody says otherwise."""

    broken: ClassVar[str] = ""
    """The truth: what is wrong, with ``{target}`` for the process."""

    listener_notices: ClassVar[str] = ""
    """What someone who listens should notice."""

    targets: ClassVar[tuple[str, ...]] = ()
    """Processes it can break; empty means all of them."""

    def begin(self, handle: Handle, *, seconds: float) -> None:
        """Break the target. The default asks the process to ``enter`` the fault."""
        handle.ask_inside(self.parameters(), seconds=seconds)

    def end(self, handle: Handle) -> None:
        """Undo it. The default asks the process to ``leave`` the fault."""
        handle.leave_inside()

    def enter(self, inside: Inside) -> None:
        """Change the behaviour of the process this runs in."""
        raise NotImplementedError

    def leave(self, inside: Inside) -> None:
        """Undo ``enter``; hooks and tasks of this fault are removed by themselves."""

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as they are recorded."""
        return asdict(self)
