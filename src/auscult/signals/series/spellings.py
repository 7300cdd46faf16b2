"""Label sets as rows of numbers: what remote_write 2.0 sends, made comparable between bodies.

Each body brings its own table of texts. A text that came before has a number of its own, so a label
set is the same row of numbers in every body, and is known by it.
"""

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

_TEXTS_BYTES_MAX = 64 << 20
_ROWS_SPARE = 10_000
_TEXT_BYTES = 120
"""What a text and its number cost beside its bytes."""


class Spellings:
    """The numbers of one tenant's texts, and the slot of each row of them (int32, as bytes).

    Number 0 stands for nothing: for texts too long to be in a label. When the texts take too much
    room all is forgotten, and the rows where there are many more than series (labels may come in
    any order); so is every row when a slot is given up (`clear`).
    """

    def __init__(self, text_bytes_max: int) -> None:
        self.rows: dict[bytes, int] = {}
        self._numbers: dict[bytes, int] = {}
        self._text_bytes_max = text_bytes_max
        self._bytes = 0

    def number(self, texts: Iterable[bytes]) -> NDArray[np.int32]:
        """Return the number of each text: int32[n]."""
        texts = list(texts)
        if self._bytes > _TEXTS_BYTES_MAX:
            self.clear()
            self._numbers.clear()
            self._bytes = 0
        found = list(map(self._numbers.get, texts, repeat(0)))
        for place, text in enumerate(texts if 0 in found else ()):
            if not found[place] and len(text) <= self._text_bytes_max:
                found[place] = self._add(text)
        return np.array(found, dtype=np.int32)

    def learn(self, rows: Iterable[tuple[bytes, int]], *, series: int) -> None:
        """Take the slot of each of these rows; `series` is how many the tenant has."""
        if len(self.rows) > 2 * series + _ROWS_SPARE:
            self.clear()
        self.rows.update(rows)

    def clear(self) -> None:
        """Forget every row."""
        self.rows.clear()

    def _add(self, text: bytes) -> int:
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        self._bytes += len(text) + _TEXT_BYTES
        return number
