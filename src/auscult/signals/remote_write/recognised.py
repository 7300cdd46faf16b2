"""Series of a body that were taken by their bytes, without reading a label."""

from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Slots, Times, Values
from auscult.signals.remote_write.decoded import Gathered
from auscult.signals.series.pages import Page

NONE_32 = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Recognised:
    """position int64[n] in the body, slots int32[n], at_ms int64[n], value float64[n].

    page: every series of the body in its order, those that are not taken with slot -1.
    """

    position: NDArray[np.int64]
    slots: Slots
    at_ms: Times
    value: Values
    page: Page


def empty_page(n: int = 0) -> Page:
    """Return a page of n series of which nothing is known."""
    zeros = np.zeros(n, dtype=np.int32)
    return Page([b""] * n, zeros, zeros - 1, b"", NONE_32, zeros.copy())


def join_recognised(first: Recognised, then: Recognised) -> Recognised:
    """Return what stands in a body's first part, and in the part that follows it."""
    if not len(first.page):
        return then
    if not len(then.page):
        return first
    return Recognised(
        np.concatenate([first.position, then.position + len(first.page)]),
        np.concatenate([first.slots, then.slots]),
        np.concatenate([first.at_ms, then.at_ms]),
        np.concatenate([first.value, then.value]),
        _join_pages(first.page, then.page),
    )


def _join_pages(first: Page, then: Page) -> Page:
    whole = bool(first.raw and then.raw)
    return Page(
        first.regions + then.regions,
        np.concatenate([first.sizes, then.sizes]),
        np.concatenate([first.slots, then.slots]),
        first.raw + then.raw if whole else b"",
        np.concatenate([first.starts[:-1], then.starts + first.starts[-1]]) if whole else NONE_32,
        np.concatenate([first.tails, then.tails]),
    )


def complete_page(page: Page, read: list[tuple[int, int, bytes]]) -> Page:
    """Return the page with the series that were read (position, slot, region), others left out."""
    for position, slot, region in read:
        if len(region) != page.sizes[position] or page.regions[position] != region:
            page.tails[position] = 0
        page.slots[position], page.regions[position] = slot, region
        page.sizes[position] = len(region)
    there = page.slots >= 0
    if there.all():
        return page
    regions = list(compress(page.regions, there.tolist()))
    return Page(regions, page.sizes[there], page.slots[there], b"", NONE_32, page.tails[there])


def weave(recognised: Recognised, gathered: Gathered) -> tuple[Slots, Times, Values]:
    """Return recognised and gathered samples together, in the order of the body."""
    if not len(recognised.slots):
        return gathered.columns()
    if not gathered.slots:
        return recognised.slots, recognised.at_ms, recognised.value
    slots, at_ms, value = gathered.columns()
    position = np.concatenate([recognised.position, np.array(gathered.position, dtype=np.int64)])
    order = np.argsort(position, kind="stable")
    return (
        np.concatenate([recognised.slots, slots])[order],
        np.concatenate([recognised.at_ms, at_ms])[order],
        np.concatenate([recognised.value, value])[order],
    )
