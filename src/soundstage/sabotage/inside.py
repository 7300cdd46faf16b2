"""The inside of a process, as faults see it: hooks before replies, tasks, a timer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

    from soundstage.audio.format import Pcm
    from soundstage.outside.world import World
    from soundstage.sabotage.port import Fault

Hook = Callable[["web.Request"], Awaitable["web.StreamResponse | None"]]
Bend = Callable[[str, int, "Pcm"], "Pcm"]
"""(programme, sequence number, sound) in, other sound of the same shape out."""

MAX_SECONDS = 600.0


class Inside:
    """What faults may touch in a process. Every fault ends by itself after its seconds."""

    def __init__(self) -> None:
        """Start with nothing broken."""
        self.held: dict[str, Any] = {}
        self.world: World | None = None
        """What faults from outside act with; only the process ``outside`` has it."""

        self.rate_kbps = 0
        """Bit rate that replaces the ladder's; 0 leaves it alone."""

        self._hooks: dict[str, Hook] = {}
        self._bends: dict[str, Bend] = {}
        self._disks: dict[str, Callable[[], Awaitable[None]]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._active: dict[str, tuple[Fault, asyncio.TimerHandle]] = {}
        self._entering = ""

    def before_reply(self, hook: Hook) -> None:
        """Let ``hook`` see each data request first; a response it returns is the answer."""
        self._hooks[self._entering] = hook

    def bend_sound(self, bend: Bend) -> None:
        """Let ``bend`` change each chunk of sound that leaves this stage."""
        self._bends[self._entering] = bend

    def before_disk(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Let ``wait`` come before each access to the disk."""
        self._disks[self._entering] = wait

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` in the process until the fault is left."""
        self._tasks[self._entering] = asyncio.get_running_loop().create_task(work)

    def active(self) -> list[str]:
        """Name the faults that are in force."""
        return sorted(self._active)

    def enter(self, name: str, parameters: dict[str, Any], *, seconds: float) -> None:
        """Put a fault in force for at most ``seconds``; it replaces one of the same name."""
        from soundstage.sabotage.shelf import build

        self.leave(name)
        fault = build(name, parameters)
        self._entering = name
        loop = asyncio.get_running_loop()
        fault.enter(self)
        timer = loop.call_later(min(MAX_SECONDS, float(seconds)), self.leave, name)
        self._active[name] = (fault, timer)

    def leave(self, name: str) -> None:
        """Undo a fault; nothing happens when it is not in force."""
        if name not in self._active:
            return
        fault, timer = self._active.pop(name)
        timer.cancel()
        for hooks in (self._hooks, self._bends, self._disks):
            hooks.pop(name, None)
        if task := self._tasks.pop(name, None):
            task.cancel()
        fault.leave(self)
        self.held.pop(name, None)

    def leave_all(self) -> None:
        """Undo everything."""
        for name in self.active():
            self.leave(name)

    def bend(self, programme: str, seq: int, pcm: Pcm) -> Pcm:
        """Return the sound as the faults in force leave it: the same object when there are none."""
        for bend in list(self._bends.values()):
            pcm = bend(programme, seq, pcm)
        return pcm

    async def touch_disk(self) -> None:
        """Wait as long as the faults in force make the disk slow."""
        for wait in list(self._disks.values()):
            await wait()

    async def interfere(self, request: web.Request) -> web.StreamResponse | None:
        """Ask each fault whether it answers this request instead of the process."""
        for hook in list(self._hooks.values()):
            if (response := await hook(request)) is not None:
                return response
        return None
