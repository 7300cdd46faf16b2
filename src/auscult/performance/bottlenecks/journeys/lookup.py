"""Which of many ids are among some others: by a table of bits first, for most are not."""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Rows = NDArray[np.intp]

_BITS_MIN, _BITS_MAX = 8, 21
_SPARE = 16
"""Bits of the table for each id that is looked for: one in so many of the others gets through."""


class Lookup:
    """Ids that are looked for: uint64[n], sorted, of which the highest bits are well mixed."""

    def __init__(self, wanted: Words) -> None:
        bits = min(max((_SPARE * len(wanted)).bit_length(), _BITS_MIN), _BITS_MAX)
        self._wanted = wanted
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        self._table[wanted >> self._shift] = True

    def find(self, ids: Words) -> tuple[Rows, Rows]:
        """Return the rows of ids that are looked for, and where these stand: intp[m] each.

        Of equal ones that are looked for the first is given.
        """
        rows = np.flatnonzero(self._table[ids >> self._shift])
        if not len(rows):
            return rows, rows
        place = np.minimum(np.searchsorted(self._wanted, ids[rows]), len(self._wanted) - 1)
        hit = self._wanted[place] == ids[rows]
        return rows[hit], place[hit]
