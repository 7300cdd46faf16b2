"""Detector state on disk: a restart neither forgets an open fault nor learns it as normal.

One file, replaced atomically: plain arrays (NumPy's `.npz`, never pickle), a version, and the
series each row belongs to, because slots are numbered anew at every start.
"""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from auscult.runtime.logging import logger

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.generic]]

VERSION = 1
FILE_NAME = "detection.npz"
_UNREADABLE = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise for a file that is cut, flipped in a bit, or not ours at all."""

log = logger("engine.snapshots")


@dataclass(frozen=True, slots=True)
class SeriesKeys:
    """The keys of the series, row by row, as one text: a list of them would be as large again.

    lengths: int32 (n,). text: the keys, one after the other.
    """

    lengths: "NDArray[np.int32]"
    text: bytearray

    @classmethod
    def join(cls, keys: Iterable[bytes]) -> Self:
        """Take the keys one by one; none is kept as an object of its own."""
        import numpy as np

        text = bytearray()
        ends = np.fromiter(map(partial(_append, text), keys), dtype=np.int64)
        return cls(np.diff(ends, prepend=0).astype(np.int32), text)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths)


def _append(text: bytearray, key: bytes) -> int:
    text += key
    return len(text)


def write_snapshot(folder: Path, arrays: "Arrays", series: SeriesKeys, *, at_ms: int) -> Path:
    """Write the arrays and the series keys of their rows; raises `OSError` (disk full, say)."""
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FILE_NAME
    draft = target.with_suffix(".draft")
    with draft.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            _version=np.int64(VERSION),
            _at_ms=np.int64(at_ms),
            _series_lengths=series.lengths,
            _series_text=np.frombuffer(series.text, dtype=np.uint8),
            **arrays,
        )
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    return target


def _check_version(version: int) -> None:
    if version != VERSION:
        raise ValueError(f"version {version}, not {VERSION}")


def read_snapshot(folder: Path) -> "tuple[Arrays, list[bytes], int] | None":
    """Return (arrays, series keys, taken at ms), or None where there is none that can be read.

    A snapshot that is cut or of another version is put aside and logged: starting to learn afresh
    is worse than a restored state and better than not starting.
    """
    import numpy as np

    target = folder / FILE_NAME
    if not target.exists():
        return None
    try:
        with target.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            _check_version(int(file["_version"]))
            arrays = {name: file[name] for name in file.files if not name.startswith("_")}
            lengths, text = file["_series_lengths"], file["_series_text"].tobytes()
            at_ms = int(file["_at_ms"])
    except _UNREADABLE as why:
        aside = target.with_suffix(".unreadable")
        target.replace(aside)
        log.error("the detector snapshot cannot be read; learning afresh", why=str(why))
        return None
    ends = np.cumsum(lengths)
    starts = ends - lengths
    keys = [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    return arrays, keys, at_ms
