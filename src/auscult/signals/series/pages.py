"""In which order a tenant's series came: senders send the same series in the same order again.

A page is the series of one body, in its order. Whoever knows the first series of a body knows by
it where in which page that body goes on, and need only compare what comes with what came, run by
run. Bodies need not begin where the ones before did, and a series that is new, gone or moved ends
a run, no more.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Slots

_PLACE_BITS = 32
_LEAST_KEPT = 20_000
_FIRST_LOOK = 64


@dataclass(frozen=True, slots=True)
class Page:
    """The series of one body: regions[n], their sizes int64[n] in bytes, slots int32[n]."""

    regions: list[bytes]
    sizes: NDArray[np.int64]
    slots: Slots


class Pages:
    """The newest pages of one tenant, and where in them each slot stood last.

    `stood` int64[capacity] is the registry's: (number of the page, place in it) of each slot. Pages
    with about twice as many series as the tenant has are kept, older ones are forgotten. As a page
    names slots, every page must be forgotten when a slot of the tenant is given up (`clear`).
    """

    def __init__(self, stood: NDArray[np.int64]) -> None:
        self._stood = stood
        self._pages: deque[Page] = deque()
        self._first = 1
        self._held = 0

    def find(self, slot: int) -> tuple[Page, int] | None:
        """Return the page in which a slot stood last, and its place; None where it is forgotten.

        The slot may have belonged to another tenant then, so the page proves nothing by itself.
        """
        number, place = divmod(int(self._stood[slot]), 1 << _PLACE_BITS)
        which = number - self._first
        if not 0 <= which < len(self._pages):
            return None
        page = self._pages[which]
        return (page, place) if place < len(page.slots) and page.slots[place] == slot else None

    def keep(self, page: Page, *, series: int) -> None:
        """Keep a page; `series` is how many the tenant has."""
        number = self._first + len(self._pages)
        self._pages.append(page)
        self._stood[page.slots.astype(np.intp)] = (number << _PLACE_BITS) + np.arange(
            len(page.slots)
        )
        self._held += len(page.slots)
        while len(self._pages) > 1 and self._held > max(2 * series, _LEAST_KEPT):
            self._held -= len(self._pages.popleft().slots)
            self._first += 1

    def clear(self) -> None:
        """Forget every page."""
        self._first += len(self._pages)
        self._pages.clear()
        self._held = 0


def count_run(
    series: list[bytes], sizes: NDArray[np.int64], page: Page, *, at: int, place: int
) -> int:
    """Return how many series from `at` on are those of the page from `place` on.

    series: each begins with its region, of which sizes int64[n] says how long it is. What is
    compared at a time doubles while all of it is the same, so that a short run costs little.
    """
    span = min(len(series) - at, len(page.slots) - place)
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
