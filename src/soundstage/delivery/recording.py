"""What was on air, kept on disk for a while and offered on demand as closed episodes.

Every segment is written before it is offered, as a packager with a spool does, so that a slow disk
is heard.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from soundstage.stages.ring import unpack_rungs

EPISODE_SEGMENTS = 30
"""An episode is a minute: short enough that a young platform has one to offer."""

KEPT_SEGMENTS = 4 * EPISODE_SEGMENTS
"""Three closed episodes and the one that is being recorded: 3 MB per programme and rung."""

FOLDER = "recordings"
DiskHook = Callable[[], Awaitable[None]]


class Recordings:
    """The segments of every programme as files; each holds all rungs of the ladder."""

    def __init__(self, state: Path, *, touch_disk: DiskHook) -> None:
        """Keep them below the state folder; ``touch_disk`` is awaited before each access."""
        self._root = state / FOLDER
        self._touch_disk = touch_disk

    async def write(self, key: str, number: int, body: bytes) -> None:
        """Write one segment and forget the one that has become too old."""
        await self._touch_disk()
        folder = self._root / key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.seg").write_bytes(body)
        (folder / f"{number - KEPT_SEGMENTS}.seg").unlink(missing_ok=True)

    async def read(self, key: str, number: int) -> dict[int, bytes]:
        """Return a segment, its bodies by rung; nothing when it is not there."""
        await self._touch_disk()
        path = self._root / key / f"{number}.seg"
        return unpack_rungs(path.read_bytes()) if path.exists() else {}

    def numbers(self, key: str) -> list[int]:
        """List the segments that are there, ascending."""
        return sorted(int(path.stem) for path in (self._root / key).glob("*.seg"))

    def episodes(self, key: str) -> dict[int, list[int]]:
        """Return the segments of each episode that is over and not yet being forgotten."""
        return group_episodes(self.numbers(key))


def group_episodes(numbers: list[int]) -> dict[int, list[int]]:
    """Sort ascending segment numbers into closed episodes: number of the episode → segments.

    An episode is closed when a segment of a later one exists, and no longer offered when its first
    segment has been forgotten. The first one may begin late, as the platform itself did.
    """
    found: dict[int, list[int]] = {}
    for number in numbers:
        found.setdefault(number // EPISODE_SEGMENTS, []).append(number)
    newest = numbers[-1] if numbers else 0
    return {
        episode: held
        for episode, held in found.items()
        if episode < newest // EPISODE_SEGMENTS
        and episode * EPISODE_SEGMENTS > newest - KEPT_SEGMENTS
    }
