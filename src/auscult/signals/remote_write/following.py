"""A body that says again what came before: compared with it as a whole, not cut into series.

Where the last bodies are known byte by byte, the next one differs from them in values and times
alone, as long as the same series follow each other, and in the length of those that became, or
ceased to be, 0 (which makes a sample nine bytes shorter). So all series that follow each other as
they did are compared in one go, with values and times left out. Where that ends, the next series
is looked up as it stands; where it ends too often or at a series that is not known, the rest of
the body is left to others.
"""

import itertools
from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auscult.signals.remote_write.recognised import NONE_32, Recognised, empty_page
from auscult.signals.remote_write.tails import (
    TAIL_BYTES,
    TIME_BYTES,
    VALUE_TIME_BYTES,
    ZERO_SIZE,
    ZERO_TAIL_BYTES,
    read_tails,
)
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.labels import encode_varint
from auscult.signals.series.pages import Page, words_of

_BREAKS_MAX = 8
_SERIES_PER_BREAK = 64
_RUNS_MAX = 4
_RUN_SERIES_MAX = 4096
_LOOK_AFTER_TURN = 64
_WORN_TURNS = 4
_SERIES_TAG = 0x0A
_SIZE_BYTES_MAX = 4
_MORE = 0x80
_VARINT_BITS = 7


@dataclass(frozen=True, slots=True)
class Followed:
    """What was recognised at the beginning of a body: its first `upto` bytes.

    worn: whether the pages no longer say how such a body goes, and a new one should be kept.
    """

    recognised: Recognised
    upto: int
    worn: bool


def follow_pages(body: bytes, book: SeriesBook) -> Followed:
    """Recognise a body's series from its first one on, as far as pages show how it goes on."""
    trail = _Trail(body, book)
    while trail.at < len(body) and trail.breaks <= _breaks_most(trail.series):
        if not (trail.run() or trail.turn()):
            break
    return trail.end()


def _breaks_most(series: int) -> int:
    """Return after how many breaks in so many series cutting the body costs less than to follow."""
    return _BREAKS_MAX + series // _SERIES_PER_BREAK


@dataclass(frozen=True, slots=True)
class _Run:
    """Series of a page from a place on, as they stand in a body.

    starts int64[n+1] in the body, tails int32[n] as in `Page`. turned: which of them are shorter or
    longer than in the page.
    """

    page: Page
    place: int
    starts: NDArray[np.int64]
    tails: NDArray[np.int32]
    turned: list[int]

    def first(self, n: int) -> "_Run":
        """Return the run's first n series."""
        turned = self.turned[: bisect_left(self.turned, n)]
        return _Run(self.page, self.place, self.starts[: n + 1], self.tails[:n], turned)

    def __len__(self) -> int:
        return len(self.tails)

    @property
    def places(self) -> slice:
        return slice(self.place, self.place + len(self))


@dataclass(slots=True)
class _Trail:
    """How far a body was followed, and where in which page it should go on."""

    body: bytes
    book: SeriesBook
    at: int = 0
    series: int = 0
    breaks: int = 0
    _page: Page | None = None
    _place: int = 0
    _runs: list[_Run] = field(default_factory=list)

    def run(self) -> bool:
        """Take the series that follow each other as in the page; False where none does."""
        page, place = self._page, self._place
        if page is None or place >= len(page):
            return False
        run = _fit_run(self.body, self.at, page, place=place)
        run = run.first(_count_same(self.body, run)) if len(run) else run
        if not len(run):
            return False
        self._runs.append(run)
        self.series += len(run)
        self.breaks += len(run.turned)
        self._place += len(run)
        self.at = int(run.starts[-1])
        return True

    def turn(self) -> bool:
        """Look the next series up and go on where it stood; False where that cannot be said."""
        found = _cut_series(self.body, self.at)
        slot = -1 if found is None else self.book.known.get(found, -1)
        stood = self.book.pages.find(slot) if slot >= 0 else None
        if stood is None or not stood[0].raw or stood == (self._page, self._place):
            return False
        self._page, self._place = stood
        self.breaks += 1
        return True

    def end(self) -> Followed:
        """Return what was found, up to the first series that does not end in a sample."""
        if not self._runs:
            return Followed(_NOTHING, 0, worn=True)
        runs = self._runs
        starts = np.concatenate([*(run.starts[:-1] for run in runs), [self.at]])
        sizes = np.concatenate([run.tails for run in runs])
        tails = read_tails(self.body, starts[1:])
        good = tails.whole & (tails.sizes == sizes)
        n = len(good) if good.all() else int(good.argmin())
        upto = int(starts[n])
        slots = np.concatenate([run.page.slots[run.places] for run in runs])[:n]
        turned_n = sum(len(run.turned) for run in runs)
        worn = upto < len(self.body) or len(runs) > _RUNS_MAX or turned_n > _WORN_TURNS
        page = empty_page()
        if worn:
            page = Page(
                list(itertools.chain(*(run.page.regions[run.places] for run in runs)))[:n],
                np.concatenate([run.page.sizes[run.places] for run in runs])[:n],
                slots.copy(),
                self.body[:upto],
                starts[: n + 1].astype(np.int32),
                sizes[:n],
            )
        position = np.arange(n)
        taken = Recognised(position, slots, tails.at_ms[:n], tails.value[:n], page)
        return Followed(taken, upto, worn)


_NO_TIMES = np.zeros(0, dtype=np.int64)
_NOTHING = Recognised(_NO_TIMES, NONE_32, _NO_TIMES, np.zeros(0), empty_page())


def _fit_run(body: bytes, at: int, page: Page, *, place: int) -> _Run:
    """Lay a page's series from a place on over the body, as far as their headers fit.

    A header that says that a sample of 0 follows where none did, or none where one did, fits too:
    what comes after it has moved. So does a limited number of them; where there are more, cutting
    the body into series costs less.
    """
    upto = min(place + _RUN_SERIES_MAX, len(page))
    theirs = page.starts[place : upto + 1].astype(np.int64)
    run = _Run(page, place, theirs + (at - theirs[0]), page.tails[place:upto].copy(), [])
    known = page.heads[place:upto]
    done, look = 0, len(run)
    while done < len(run):
        upto = min(done + look, len(run))
        done = _count_headers(body, run, known, done=done, upto=upto)
        if done == upto:
            look *= 2
        elif len(run.turned) > _breaks_most(done) or not _turn(body, run, done):
            return run.first(done)
        else:
            run.turned.append(done)
            done, look = done + 1, _LOOK_AFTER_TURN
    return run


def _count_headers(
    body: bytes, run: _Run, known: NDArray[np.uint32], *, done: int, upto: int
) -> int:
    """Return the first series from `done` on, before `upto`, that has another header or no room."""
    fit = int(np.searchsorted(run.starts[done : upto + 1], len(body), side="right")) - 1
    upto = done + max(fit, 0)
    ours = words_of(body)[run.starts[done:upto]]
    same = (ours == known[done:upto]) & (run.tails[done:upto] > 0)
    return upto if same.all() else done + int(same.argmin())


def _turn(body: bytes, run: _Run, n: int) -> bool:
    """Let the n-th series of a run be of the other length, if that is how it stands there."""
    if not run.tails[n]:
        return False
    region = run.page.regions[run.place + n]
    tail = TAIL_BYTES + ZERO_TAIL_BYTES - int(run.tails[n])
    begin = b"\x0a" + encode_varint(len(region) + tail) + region
    start = int(run.starts[n])
    end = start + len(begin) + tail
    if end > len(body) or not body.startswith(begin, start):
        return False
    run.tails[n] = tail
    run.starts[n + 1 :] += end - int(run.starts[n + 1])
    return True


def _count_same(body: bytes, run: _Run) -> int:
    """Count the series of the same bytes as in the page, values and times left out.

    The turned ones were compared already.
    """
    ours = np.frombuffer(body, dtype=np.uint8)
    theirs = np.frombuffer(run.page.raw, dtype=np.uint8)
    left = run.page.starts[run.place : run.place + len(run) + 1]
    sizes, tails = np.diff(run.starts), run.tails
    if run.turned:
        edges = [-1, *run.turned, len(run)]
        pieces = [(first + 1, upto) for first, upto in itertools.pairwise(edges)]
        ours = np.concatenate([ours[run.starts[a] : run.starts[b]] for a, b in pieces])
        theirs = np.concatenate([theirs[left[a] : left[b]] for a, b in pieces])
        sizes, tails = np.delete(sizes, run.turned), np.delete(tails, run.turned)
    else:
        ours, theirs = ours[run.starts[0] : run.starts[-1]], theirs[left[0] : left[-1]]
    differs = ours != theirs
    ends = np.cumsum(sizes)
    is_zero = tails == ZERO_TAIL_BYTES
    _clear(differs, ends[~is_zero], VALUE_TIME_BYTES)
    _clear(differs, ends[is_zero], TIME_BYTES)
    if not differs.any():
        return len(run)
    same_n = int(np.searchsorted(ends, int(differs.argmax()), side="right"))
    return int(np.delete(np.arange(len(run)), run.turned)[same_n])


def _clear(differs: NDArray[np.bool_], ends: NDArray[np.int64], size: int) -> None:
    """Set `size` flags before each end to False."""
    if len(ends):
        windows = np.ndarray(
            (len(differs) - size + 1,), dtype=f"V{size}", buffer=differs.data, strides=(1,)
        )
        windows[ends - size] = np.zeros((), dtype=f"V{size}")


def _cut_series(body: bytes, at: int) -> bytes | None:
    """Return the region of the series at this header, if a sample followed it; None where not."""
    size = shift = 0
    begin = at + 1
    for byte in body[begin : begin + _SIZE_BYTES_MAX]:
        begin += 1
        size |= (byte & (_MORE - 1)) << shift
        shift += _VARINT_BITS
        if byte < _MORE:
            break
    else:
        return None
    end = begin + size
    if body[at] != _SERIES_TAG or size < TAIL_BYTES or end > len(body):
        return None
    tail = ZERO_TAIL_BYTES if body[end - ZERO_TAIL_BYTES + 1] == ZERO_SIZE else TAIL_BYTES
    return body[begin : end - tail]
