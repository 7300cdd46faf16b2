"""In which order a tenant's series came: senders send the same series in the same order again.

A page is the series of one body, in its order. Whoever knows the first series of a body knows by
it where in which page that body goes on, and need only compare what comes with what came, run by
run. Bodies need not begin where the ones before did, and a series that is new, gone or moved ends
a run, no more.
"""

from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Slots

_PLACE_BITS = 32
_LEAST_KEPT = 20_000
_SHORTEST = 32
_EXAMINED = 64
_FIRST_LOOK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The series of one body: regions[n], their sizes int32[n] in bytes, slots int32[n].

    raw: the body, series and nothing else; empty where that cannot be said. Then starts int32[n+1]
    says where in it each series (its header) starts, and tails int32[n] how many bytes follow its
    region: 18 or 9 (`remote_write.tails`), 0 where that is not a sample of these two shapes.
    heads: uint32[n], the first four bytes of each series, so that none is fetched one by one.
    """

    regions: list[bytes]
    sizes: NDArray[np.int32]
    slots: Slots
    raw: bytes
    starts: NDArray[np.int32]
    tails: NDArray[np.int32]
    heads: NDArray[np.uint32] = field(init=False)

    def __post_init__(self) -> None:
        starts = self.starts[:-1].astype(np.intp)
        heads = words_of(self.raw)[starts] if self.raw else np.zeros(0, dtype=np.uint32)
        object.__setattr__(self, "heads", heads)

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.slots)


def words_of(data: bytes) -> NDArray[np.uint32]:
    """Return the four bytes that begin at each byte of the data, which has four at least."""
    return np.ndarray((len(data) - 3,), dtype="<u4", buffer=data, strides=(1,))


class Pages:
    """The pages of one tenant that still say where some series stood last.

    `stood` int64[capacity] is the registry's: (number of the page, place in it) of each slot, 0
    where it stood in none. Pages hold up to twice as many series as the tenant has; beyond that, of
    the oldest the one goes that is the last word about the fewest series. As a page names slots,
    every page must be forgotten when a slot of the tenant is given up (`clear`).
    """

    def __init__(self, stood: NDArray[np.int64]) -> None:
        self._stood = stood
        self._pages: dict[int, Page] = {}
        self._current: dict[int, int] = {}
        self._last = 0
        self._held = 0

    def __len__(self) -> int:
        """Return how many pages are kept."""
        return len(self._pages)

    def find(self, slot: int) -> tuple[Page, int] | None:
        """Return the page in which a slot stood last, and its place; None where it is forgotten."""
        number, place = divmod(int(self._stood[slot]), 1 << _PLACE_BITS)
        page = self._pages.get(number)
        return None if page is None or page.slots[place] != slot else (page, place)

    def keep(self, page: Page, *, series: int) -> None:
        """Keep a page, unless it is too short to be worth it; `series`: how many the tenant has."""
        if len(page) < _SHORTEST:
            return
        slots = page.slots.astype(np.intp)
        before = self._stood[slots] >> _PLACE_BITS
        firsts = np.flatnonzero(np.diff(before, prepend=-1))
        counts = np.diff(firsts, append=len(page))
        self._last += 1
        self._stood[slots] = (self._last << _PLACE_BITS) + np.arange(len(page))
        self._pages[self._last] = page
        self._current[self._last] = len(page)
        self._held += len(page)
        for number, count in zip(before[firsts].tolist(), counts.tolist(), strict=True):
            if number in self._current:
                self._current[number] -= count
                if self._current[number] <= 0:
                    self._drop(number)
        while self._held > max(2 * series, _LEAST_KEPT) and len(self._pages) > 1:
            oldest = islice(self._current, _EXAMINED)
            self._drop(min(oldest, key=self._current.__getitem__))

    def clear(self) -> None:
        """Forget every page."""
        self._pages.clear()
        self._current.clear()
        self._held = 0

    def _drop(self, number: int) -> None:
        del self._current[number]
        self._held -= len(self._pages.pop(number))


def count_run(
    series: list[bytes], sizes: NDArray[np.int64], page: Page, *, at: int, place: int
) -> int:
    """Return how many series from `at` on are those of the page from `place` on.

    series: each begins with its region, of which sizes int64[n] says how long it is. What is
    compared at a time doubles while all of it is the same, so that a short run costs little.
    """
    span = min(len(series) - at, len(page) - place)
    done, look = 0, _FIRST_LOOK
    while done < span:
        upto = min(done + look, span)
        ours, theirs = slice(at + done, at + upto), slice(place + done, place + upto)
        same = page.sizes[theirs] == sizes[ours]
        same_n = len(same) if same.all() else int(same.argmin())
        begins = list(map(bytes.startswith, series[ours][:same_n], page.regions[theirs]))
        if not all(begins):
            return done + begins.index(False)
        if same_n < len(same):
            return done + same_n
        done, look = upto, 2 * look
    return span
