"""A file that others write to, read line by line as it grows, through rotation and truncation."""

import io
import os
from pathlib import Path

from auscult.signals.access_logs.lines import LINE_BYTES_MAX

CHUNK_BYTES = 1 << 20
"""What is read at a time at most."""


class LogFile:
    """One file that is followed by name, as `tail -F` does it.

    When another file takes the name (rotation), the old one is read to its end first. When it gets
    shorter (truncation), it is read from its beginning. `from_start` reads what is already there.
    """

    def __init__(self, path: Path, *, from_start: bool = False) -> None:
        self.path = path
        self.skipped = 0
        """Lines that were too long to be kept whole; what they were is not known."""
        self._from_start = from_start
        self._file: io.FileIO | None = None
        self._inode = (0, 0)
        self._place = 0
        self._rest = b""
        self._in_long_line = False

    def read(self) -> list[bytes]:
        """Return the complete lines that came since the last call, `CHUNK_BYTES` of them at most.

        Raises `OSError` where there is no file by this name, or none that may be read.
        """
        if self._file is None:
            self._open(to_end=not self._from_start)
        assert self._file is not None
        if os.fstat(self._file.fileno()).st_size < self._place:
            self._begin_anew()
        self._file.seek(self._place)
        data = self._file.read(CHUNK_BYTES)
        if not data and self._is_replaced():
            self.close()
            self._open(to_end=False)
            data = self._file.read(CHUNK_BYTES)
        self._place += len(data)
        return self._cut(data)

    def close(self) -> None:
        """Let go of the file; the next read opens the one that has the name then."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._from_start = True

    def _open(self, *, to_end: bool) -> None:
        self._file = self.path.open("rb", buffering=0)
        status = os.fstat(self._file.fileno())
        self._inode = (status.st_dev, status.st_ino)
        self._begin_anew()
        if to_end:
            self._place = status.st_size
            self._in_long_line = self._place > 0 and not self._ends_a_line()

    def _ends_a_line(self) -> bool:
        assert self._file is not None
        self._file.seek(self._place - 1)
        return self._file.read(1) == b"\n"

    def _begin_anew(self) -> None:
        self._place = 0
        self._rest = b""
        self._in_long_line = False

    def _is_replaced(self) -> bool:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return False  # moved away, and nothing has come yet
        return (status.st_dev, status.st_ino) != self._inode

    def _cut(self, data: bytes) -> list[bytes]:
        """Return the whole lines, and keep the beginning of the last one for the next time."""
        if not data:
            return []
        lines = data.split(b"\n")
        if self._in_long_line:
            if len(lines) == 1:
                return []
            lines = lines[1:]
            self._in_long_line = False
        else:
            lines[0] = self._rest + lines[0]
        self._rest = lines.pop()
        if len(self._rest) > LINE_BYTES_MAX:
            self.skipped += 1
            self._rest, self._in_long_line = b"", True
        return [line.rstrip(b"\r") for line in lines if line.strip()]
