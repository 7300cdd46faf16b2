"""remote_write 1.0: mostly recognised, seldom read.

A series that Prometheus sends is a run of labels (the region) and one sample. As much of a body as
goes on like the ones before is compared with them in one go (`following`). protobuf cuts the rest
into series; what follows their regions is read as columns (`tails`), and a region is found by what
came after its forerunner the last time (`series.pages`), else looked up as it stands. Only a region
that was once read in full and found canonical can be found. Every other series (new, several
samples, exemplars, histograms, a time of another length) is read in full by protobuf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.samples import Slots
from auscult.signals.remote_write.decoded import (
    LARGE_BYTES,
    SERIES_MAX,
    Decoded,
    Gathered,
    check_parts,
)
from auscult.signals.remote_write.following import follow_pages
from auscult.signals.remote_write.recognised import (
    NONE_32,
    Recognised,
    complete_page,
    empty_page,
    join_recognised,
    weave,
)
from auscult.signals.remote_write.schema import (
    TYPE_NAMES,
    parse_metadata,
    parse_request,
    parse_series,
    parse_series_parts,
)
from auscult.signals.remote_write.tails import TAIL_BYTES, read_tails
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.pages import Page, count_run

_VARINT_BITS = 7
_BULK_MAX = 64
"""Series that are looked up at a time where no page knows how it goes on: one, two, four, …"""

_RUN_MIN = 8


def decode_version1(body: bytes, *, book: SeriesBook, now_ms: int) -> Decoded:
    """Return what an unpacked `WriteRequest` says; raises `BodyMalformed`, `BodyTooLarge`."""
    followed = follow_pages(body, book)
    recognised, rest = followed.recognised, body[followed.upto :]
    try:
        request = parse_request(rest)
    except DecodeError:
        raise BodyMalformed("not a WriteRequest", position=followed.upto) from None
    count = len(recognised.slots) + len(request.series)
    if count > SERIES_MAX:
        raise BodyTooLarge(f"{count} series, more than {SERIES_MAX}")
    types = _read_types(request.metadata)
    changed = book.learn(types) if types else np.zeros(0, dtype=np.int32)
    gathered = Gathered(book, now_ms)
    if rest:
        series = list(request.series)
        found = _recognise(series, rest, book)
        book.touch(recognised.slots, now_ms=now_ms)
        book.touch(found.slots, now_ms=now_ms)
        skipped = _Place(len(recognised.page), followed.upto)
        for position in np.flatnonzero(found.page.slots < 0).tolist():
            _read_series(series, position, after=skipped, into=gathered)
        recognised = join_recognised(recognised, found)
    if followed.worn:
        _keep_page(recognised.page, gathered)
    slots, at_ms, value = weave(recognised, gathered)
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
class _Place:
    """How much of the body came before the part that is read: series, and bytes."""

    series: int
    bytes: int


def _recognise(series: list[bytes], body: bytes, book: SeriesBook) -> Recognised:
    """Take every series that is a known region and one sample; none where one is too short."""
    sizes = np.fromiter(map(len, series), dtype=np.int64, count=len(series))
    if not series or int(sizes.min()) < TAIL_BYTES:
        none = np.zeros(0, dtype=np.int64)
        return Recognised(none, none.astype(np.int32), none, np.zeros(0), empty_page(len(series)))
    headers = 2 + sum(sizes >= 1 << bits for bits in range(_VARINT_BITS, 32, _VARINT_BITS))
    ends = np.cumsum(sizes + headers)
    plain = int(ends[-1]) == len(body)
    """Whether the body is series and nothing else."""
    tails = read_tails(body, ends) if plain else read_tails(b"".join(series), np.cumsum(sizes))
    regions, slots = _find_slots(series, sizes - tails.sizes, book)
    page = Page(
        regions,
        (sizes - tails.sizes).astype(np.int32),
        slots,
        body if plain else b"",
        np.concatenate([[0], ends]).astype(np.int32) if plain else NONE_32,
        np.where(tails.whole, tails.sizes, 0).astype(np.int32),
    )
    taken = tails.whole & (slots >= 0)
    if taken.all():
        return Recognised(np.arange(len(series)), slots, tails.at_ms, tails.value, page)
    slots[~taken] = -1
    place = np.flatnonzero(taken)
    return Recognised(place, slots[taken], tails.at_ms[taken], tails.value[taken], page)


def _find_slots(
    series: list[bytes], sizes: NDArray[np.int64], book: SeriesBook
) -> tuple[list[bytes], Slots]:
    """Return the region of each series, of so many bytes, and its slot; -1 where not known."""
    regions: list[bytes] = []
    found: list[Slots] = []
    at, bulk, get = 0, 1, book.known.get
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
                bulk = 1
                continue
        upto = min(at + bulk, len(series))
        bulk = min(2 * bulk, _BULK_MAX)
        cut = sizes[at:upto].tolist()
        cuts = [one[:n] for one, n in zip(series[at:upto], cut, strict=True)]
        looked = [get(one, -1) for one in cuts]
        regions += [
            book.region_of(slot) if slot >= 0 else one
            for slot, one in zip(looked, cuts, strict=True)
        ]
        found.append(np.array(looked, dtype=np.int32))
        at = upto
    return regions, np.concatenate(found)


def _keep_page(page: Page, gathered: Gathered) -> None:
    """Keep the order of the body's series, those that were read included."""
    book = gathered.book
    read = [(position, slot, book.region_of(slot)) for position, slot in gathered.read]
    page = complete_page(page, read)
    if len(page):
        book.pages.keep(page, series=len(book.known))


def _read_series(series: list[bytes], place: int, *, after: _Place, into: Gathered) -> None:
    """Read one series in full."""
    raw, position = series[place], place + after.series
    try:
        if len(raw) > LARGE_BYTES:
            check_parts(parse_series_parts(raw))
        message = parse_series(raw)
    except DecodeError:
        offset = after.bytes + sum(len(one) + _header_bytes(len(one)) for one in series[:place])
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
