"""A release is rolled out that is really worse; withdrawn by rolling back."""

from dataclasses import dataclass

from soundstage.sabotage.handle import Handle
from soundstage.sabotage.port import Fault


@dataclass(frozen=True, kw_only=True)
class BadRelease(Fault):
    """Restart the stage with ``release``: slower, and failing for the loud programmes."""

    target = "enhance"
    seconds = 45.0
    targets = ("enhance",)
    broken = "{target} runs a release that is slow and refuses loud passages"
    listener_notices = "loud programmes lose pieces and stop; quiet ones come later"

    release: str = "v2"

    def begin(self, handle: Handle, *, seconds: float) -> None:  # noqa: ARG002 - the face of Fault
        """Roll the release out."""
        handle.switch_release(self.release)

    def end(self, handle: Handle) -> None:
        """Roll back."""
        handle.roll_back(self.release)
