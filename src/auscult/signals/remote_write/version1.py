"""remote_write 1.0: mostly recognised, seldom read.

A series that Prometheus sends is a run of labels (the region) and one sample. protobuf cuts the
body into series; what follows the regions is read as columns (`tails`). A region is found by what
came after its forerunner the last time (`series.pages`), else looked up as it stands; only a region
that was once read in full and found canonical can be found. Every other series (new, several
samples, exemplars, histograms, a time of another length) is read in full by protobuf.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.samples import Slots, Times, Values
from auscult.signals.remote_write.decoded import (
    LARGE_BYTES,
    SERIES_MAX,
    Decoded,
    Gathered,
    check_parts,
)
from auscult.signals.remote_write.schema import (
    TYPE_NAMES,
    parse_metadata,
    parse_request,
    parse_series,
    parse_series_parts,
)
from auscult.signals.remote_write.tails import TAIL_BYTES, Tails, read_tails
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.pages import Page, count_run

_VARINT_BITS = 7
_BULK = 64
"""Series that are looked up one by one where no page knows how it goes on."""

_RUN_MIN = 8


def decode_version1(body: bytes, *, book: SeriesBook, now_ms: int) -> Decoded:
    """Return what an unpacked `WriteRequest` says; raises `BodyMalformed`, `BodyTooLarge`."""
    try:
        request = parse_request(body)
    except DecodeError:
        raise BodyMalformed("not a WriteRequest", position=0) from None
    if len(request.series) > SERIES_MAX:
        raise BodyTooLarge(f"{len(request.series)} series, more than {SERIES_MAX}")
    types = _read_types(request.metadata)
    changed = book.learn(types) if types else np.zeros(0, dtype=np.int32)
    series = list(request.series)
    recognised = _recognise(series, body, book)
    gathered = Gathered(book, now_ms)
    if recognised.others:
        book.touch(recognised.slots, now_ms=now_ms)
    for position in recognised.others:
        _read_series(series, position, into=gathered)
    _keep_order(recognised, gathered)
    slots, at_ms, value = _weave(recognised, gathered)
    return Decoded(
        slots,
        at_ms,
        value,
        refused_labels=gathered.refused_labels,
        refused_cap=gathered.refused_cap,
        histograms=gathered.histograms,
        exemplars=gathered.exemplars,
        metadata=len(types),
        kind_changed=changed,
    )


@dataclass(frozen=True, slots=True)
class _Recognised:
    """Series taken by their bytes: position int64[n] in the body; `others` must be read.

    page: every series of the body, those that must be read with slot -1.
    """

    position: NDArray[np.int64]
    slots: NDArray[np.int32]
    at_ms: Times
    value: NDArray[np.float64]
    others: list[int]
    page: Page


def _recognise(series: list[bytes], body: bytes, book: SeriesBook) -> _Recognised:
    """Take every series that is a known region and one sample; none where one is too short."""
    sizes = np.fromiter(map(len, series), dtype=np.int64, count=len(series))
    if not series or int(sizes.min()) < TAIL_BYTES:
        return _nothing_of(len(series))
    tails = _read_tails_of(series, body, sizes)
    page = _find_page(series, sizes - tails.sizes, book)
    taken = tails.whole & (page.slots >= 0)
    if taken.all():
        position = np.arange(len(series))
        return _Recognised(position, page.slots, tails.at_ms, tails.value, [], page)
    page.slots[~taken] = -1
    return _Recognised(
        np.flatnonzero(taken),
        page.slots[taken],
        tails.at_ms[taken],
        tails.value[taken],
        np.flatnonzero(~taken).tolist(),
        page,
    )


def _nothing_of(n: int) -> _Recognised:
    none = np.zeros(0, dtype=np.int64)
    page = Page([b""] * n, np.zeros(n, dtype=np.int64), np.full(n, -1, dtype=np.int32))
    return _Recognised(none, page.slots[:0], none, np.zeros(0), list(range(n)), page)


def _read_tails_of(series: list[bytes], body: bytes, sizes: NDArray[np.int64]) -> Tails:
    """Read the tails where they stand in the body, if it is series and nothing else."""
    headers = 2 + sum(sizes >= 1 << bits for bits in range(_VARINT_BITS, 32, _VARINT_BITS))
    ends = np.cumsum(sizes + headers)
    if int(ends[-1]) == len(body):
        return read_tails(body, ends)
    return read_tails(b"".join(series), np.cumsum(sizes))


def _find_page(series: list[bytes], sizes: NDArray[np.int64], book: SeriesBook) -> Page:
    """Find the slot of each series by its region of so many bytes; -1 where it is not known."""
    regions: list[bytes] = []
    found: list[Slots] = []
    at, get = 0, book.known.get
    while at < len(series):
        slot = get(series[at][: sizes[at]], -1)
        stood = book.pages.find(slot) if slot >= 0 else None
        if stood is not None:
            page, place = stood
            run = count_run(series, sizes, page, at=at, place=place)
            regions += page.regions[place : place + run]
            found.append(page.slots[place : place + run])
            at += run
            if run >= _RUN_MIN:
                continue
        upto = min(at + _BULK, len(series))
        cut = sizes[at:upto].tolist()
        looked = [get(one[:n], -1) for one, n in zip(series[at:upto], cut, strict=True)]
        regions += map(book.region_of, looked)
        found.append(np.array(looked, dtype=np.int32))
        at = upto
    return Page(regions, sizes, np.concatenate(found))


def _keep_order(recognised: _Recognised, gathered: Gathered) -> None:
    """Keep the order of the body's series, those that were read included."""
    page, book = recognised.page, gathered.book
    for position, slot in gathered.read:
        page.slots[position] = slot
        page.regions[position] = region = book.region_of(slot)
        page.sizes[position] = len(region)
    there = page.slots >= 0
    if not there.all():
        regions = list(compress(page.regions, there.tolist()))
        page = Page(regions, page.sizes[there], page.slots[there])
    if len(page.slots):
        book.pages.keep(page, series=len(book.known))


def _read_series(series: list[bytes], position: int, *, into: Gathered) -> None:
    """Read one series in full."""
    raw = series[position]
    try:
        if len(raw) > LARGE_BYTES:
            check_parts(parse_series_parts(raw))
        message = parse_series(raw)
    except DecodeError:
        offset = sum(len(one) + _header_bytes(len(one)) for one in series[:position])
        raise BodyMalformed("a series cannot be read", position=offset) from None
    into.exemplars += len(message.exemplars)
    into.histograms += len(message.histograms)
    pairs = [(label.name, label.value) for label in message.labels]
    slot = into.slot_of(pairs, len(message.samples))
    if slot is None:
        return
    into.read.append((position, slot))
    for sample in message.samples:
        into.add(position, slot, at_ms=sample.timestamp, value=sample.value)


def _header_bytes(size: int) -> int:
    return 1 + max(1, (size.bit_length() + 6) // 7)


def _read_types(metadata: Sequence[bytes]) -> dict[str, str]:
    types: dict[str, str] = {}
    for raw in metadata[:SERIES_MAX]:
        try:
            message = parse_metadata(raw)
            family = message.metric_family_name.decode()
        except (DecodeError, UnicodeDecodeError):
            raise BodyMalformed("metadata cannot be read") from None
        if family and 0 <= message.type < len(TYPE_NAMES):
            types[family] = TYPE_NAMES[message.type]
    return types


def _weave(recognised: _Recognised, gathered: Gathered) -> tuple[Slots, Times, Values]:
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
