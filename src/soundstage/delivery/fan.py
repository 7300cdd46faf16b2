"""One sender, many who listen: each has its own short queue, and who is too slow is let go."""

import asyncio

from aiohttp import web

DEEPEST = 16
MOST_CLIENTS = 200
END = b""


class Fan:
    """Hands every piece to everybody who has joined."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._queues: set[asyncio.Queue[bytes]] = set()

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._queues)

    def send(self, piece: bytes) -> None:
        """Give a piece to everybody; who has not taken the last 16 is sent away."""
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
                queue.get_nowait()
                queue.put_nowait(END)
            else:
                queue.put_nowait(piece)

    async def pour(self, response: web.StreamResponse, *, first: bytes, most_bytes: int) -> int:
        """Write ``first`` and then every piece, until somebody leaves; returns the bytes sent."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(DEEPEST)
        self._queues.add(queue)
        sent = 0
        piece = first
        try:
            while piece:
                piece = piece[: most_bytes - sent]
                await response.write(piece)
                sent += len(piece)
                piece = await queue.get() if sent < most_bytes else END
        except ConnectionError:
            return sent  # the usual end of an endless stream
        finally:
            self._queues.discard(queue)
        return sent


def refuse_crowd(fan: Fan) -> None:
    """Raise 503 when nobody more can be served."""
    if len(fan) >= MOST_CLIENTS:
        raise web.HTTPServiceUnavailable(text="too many listen already")
