"""remote_write 2.0: labels are references into a table of symbols, sent with every body.

The series of a body are read as columns (`references`): their references become numbers that mean
the same text in every body, and a row of them is a known series (`series.spellings`). Where that
cannot be done a series is read by protobuf. A pair of references is then turned into label bytes
once per body; joined, they are the region by which the registry knows the series. Only unknown
regions are read as text.
"""

from itertools import repeat

import numpy as np
from google.protobuf.message import DecodeError

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.signals.remote_write.decoded import (
    LARGE_BYTES,
    SERIES_MAX,
    Decoded,
    Gathered,
    check_parts,
)
from auscult.signals.remote_write.recognised import NONE_32, Recognised, empty_page, weave
from auscult.signals.remote_write.references import read_columns, row_keys
from auscult.signals.remote_write.schema import (
    TYPE_NAMES,
    Series2Message,
    parse_request2,
    parse_series2,
    parse_series2_parts,
)
from auscult.signals.series.book import SeriesBook
from auscult.signals.series.labels import encode_label_bytes

_KEPT_BYTES_MAX = 16 << 20
"""Label bytes kept at a time: few symbols can be paired in very many ways."""

_SYMBOLS_MAX = 200_000
"""Texts of a body that are worth a number each."""


def decode_version2(body: bytes, *, book: SeriesBook, now_ms: int) -> Decoded:
    """Return what an unpacked v2 `Request` says; raises `BodyMalformed`, `BodyTooLarge`."""
    try:
        request = parse_request2(body)
    except DecodeError:
        raise BodyMalformed("not a remote_write 2.0 Request", position=0) from None
    if len(request.series) > SERIES_MAX:
        raise BodyTooLarge(f"{len(request.series)} series, more than {SERIES_MAX}")
    symbols = list(request.symbols)
    if request.series and (not symbols or symbols[0]):
        raise BodyMalformed("the first symbol must be the empty string", position=0)
    series = list(request.series)
    gathered = Gathered(book, now_ms)
    recognised, keys = _recognise(series, symbols, book)
    others = np.flatnonzero(recognised.page.slots < 0).tolist()
    if others:
        book.touch(recognised.slots, now_ms=now_ms)
    reader = _Reader(symbols, gathered)
    for position in others:
        reader.read(series[position], position)
    if keys:
        read = [(keys[position], slot) for position, slot in gathered.read if keys[position]]
        book.spellings.learn(read, series=len(book.known))
    slots, at_ms, value = weave(recognised, gathered)
    return Decoded(
        slots,
        at_ms,
        value,
        refused_labels=gathered.refused_labels,
        refused_cap=gathered.refused_cap,
        histograms=gathered.histograms,
        exemplars=gathered.exemplars,
    )


def _recognise(
    series: list[bytes], symbols: list[bytes], book: SeriesBook
) -> tuple[Recognised, list[bytes]]:
    """Take every series that is a known row of numbers and one sample; return all rows as well.

    A row is empty where the series cannot be known by it.
    """
    none = np.zeros(0, dtype=np.int64)
    nothing = Recognised(none, NONE_32, none, np.zeros(0), empty_page(len(series)))
    if len(symbols) > _SYMBOLS_MAX:
        return nothing, []
    columns = read_columns(series)
    if columns is None or int(columns.refs.max(initial=0)) >= len(symbols):
        return nothing, []
    numbers = book.spellings.number(symbols)[columns.refs]
    keys = row_keys(numbers, columns.counts)
    usable = columns.whole & (columns.counts % 2 == 0)
    usable &= columns.counts <= 2 * book.limits.labels
    if not numbers.all():
        usable[np.repeat(np.arange(len(series)), columns.counts)[numbers == 0]] = False
    found = map(book.spellings.rows.get, keys, repeat(-1))
    slots = np.fromiter(found, dtype=np.int32, count=len(keys))
    taken = usable & (slots >= 0)
    page = empty_page(len(series))
    page.slots[taken] = slots[taken]
    if not usable.all():
        keys = [key if fine else b"" for key, fine in zip(keys, usable.tolist(), strict=True)]
    place = np.flatnonzero(taken)
    return Recognised(place, slots[taken], columns.at_ms[taken], columns.value[taken], page), keys


class _Reader:
    """Reads the series of one body with that body's symbols."""

    def __init__(self, symbols: list[bytes], into: Gathered) -> None:
        self._symbols = symbols
        self._into = into
        self._regions: dict[tuple[int, int], bytes] = {}
        self._kept_bytes = 0

    def read(self, raw: bytes, position: int) -> None:
        """Read one series; raises `BodyMalformed` with the number of the series."""
        try:
            if len(raw) > LARGE_BYTES:
                check_parts(parse_series2_parts(raw))
            message = parse_series2(raw)
        except DecodeError:
            raise BodyMalformed("a series cannot be read", position=position) from None
        into = self._into
        into.histograms += len(message.histograms)
        into.exemplars += len(message.exemplars)
        slot = self._slot_of(message, position)
        if slot is None:
            return
        into.read.append((position, slot))
        for sample in message.samples:
            into.add(position, slot, at_ms=sample.timestamp, value=sample.value)

    def _slot_of(self, message: Series2Message, position: int) -> int | None:
        refs = message.labels_refs[:]
        into = self._into
        if len(refs) % 2:
            raise BodyMalformed("label references do not come in pairs", position=position)
        if len(refs) > 2 * into.book.limits.labels:
            into.refuse_labels(len(message.samples))
            return None
        regions = self._regions
        parts = []
        for pair in zip(refs[::2], refs[1::2], strict=True):
            part = regions.get(pair)
            if part is None:
                part = regions[pair] = self._region_of(pair, position)
            parts.append(part)
        if b"" in parts:
            into.refuse_labels(len(message.samples))
            return None
        slot = into.book.known.get(b"".join(parts))
        if slot is not None:
            into.book.touch(slot, now_ms=into.now_ms)
            return slot
        symbols = self._symbols
        texts = [(symbols[n], symbols[v]) for n, v in zip(refs[::2], refs[1::2], strict=True)]
        return into.slot_of(texts, len(message.samples), declared=_declared(message))

    def _region_of(self, pair: tuple[int, int], position: int) -> bytes:
        """Return the label bytes of a pair of references; empty where one text is too long."""
        if max(pair) >= len(self._symbols):
            raise BodyMalformed("a label reference is out of range", position=position)
        name, value = self._symbols[pair[0]], self._symbols[pair[1]]
        limits = self._into.book.limits
        if len(name) > limits.name_bytes or len(value) > limits.value_bytes:
            return b""
        part = encode_label_bytes(name, value)
        self._kept_bytes += len(part)
        if self._kept_bytes > _KEPT_BYTES_MAX:
            self._regions.clear()
            self._kept_bytes = 0
        return part


def _declared(message: Series2Message) -> str:
    number = message.metadata.type
    return TYPE_NAMES[number] if 0 < number < len(TYPE_NAMES) else ""
