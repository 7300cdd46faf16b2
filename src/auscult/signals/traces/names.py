"""Texts that come again and again, as numbers: services and span names of one tenant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NAMES_MAX = 20_000
NAME_BYTES_MAX = 200
OTHER = "(other)"
"""The text behind number 0: of names that came after `NAMES_MAX` others."""


class Names:
    """The number of each text, first come, first numbered; bounded, and never given up.

    A text longer than `NAME_BYTES_MAX` goes by its beginning: a sender that puts identifiers into
    its span names must not fill the memory with them.
    """

    def __init__(self, names_max: int = NAMES_MAX) -> None:
        """Take how many texts there may be."""
        self._names_max = names_max
        self._numbers: dict[bytes, int] = {}
        self._texts = [OTHER]

    def __len__(self) -> int:
        """Return how many numbers there are, 0 included."""
        return len(self._texts)

    def number(self, text: bytes) -> int:
        """Return the number of a text in UTF-8, 0 where there is no room for it."""
        found = self._numbers.get(text)
        return self._add(text) if found is None else found

    def numbers(self, texts: Sequence[bytes]) -> NDArray[np.int32]:
        """Return the number of each text, as `number` does: int32[n]."""
        found = list(map(self._numbers.get, texts))
        if None in found:
            return np.array([self.number(text) for text in texts], dtype=np.int32)
        return np.array(found, dtype=np.int32)

    def find(self, text: str) -> int | None:
        """Return the number of a text if it came before."""
        return self._numbers.get(_short(text.encode()))

    def text(self, number: int) -> str:
        """Return the text of a number."""
        return self._texts[number]

    def _add(self, text: bytes) -> int:
        short = _short(text)
        found = self._numbers.get(short)
        if found is not None:
            return found
        if len(self._texts) > self._names_max:
            return 0
        self._texts.append(short.decode(errors="ignore"))
        number = self._numbers[short] = len(self._texts) - 1
        return number


def _short(text: bytes) -> bytes:
    return text if len(text) <= NAME_BYTES_MAX else text[:NAME_BYTES_MAX]
