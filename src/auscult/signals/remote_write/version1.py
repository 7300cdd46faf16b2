"""remote_write 1.0: mostly recognised, seldom read.

A series that Prometheus sends is a run of labels (the region) and one sample. protobuf cuts the
body into series; the region is looked up as it stands, and only a region that was once read in full
and found canonical can be found. What follows it is a sample of exactly one of two shapes:

    12 10 09 <8 bytes value> 10 <6 bytes time>      18 bytes
    12 07                    10 <6 bytes time>       9 bytes: proto3 leaves out a value of 0

Six bytes of varint hold the milliseconds of the years 1971 to 2109. The tails of all series are
stacked and checked and read as columns. Every other series (new, several samples, exemplars,
histograms, a time of another length) is read in full by protobuf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
from auscult.signals.series.book import SeriesBook

_TAIL_BYTES = 18
_ZERO_TAIL_BYTES = 9
_ZERO_SIZE = 7
_TAIL = np.dtype(
    {
        "names": ["tag", "value_tag", "value", "zero_tag", "time_tag", "time_low", "time_high"],
        "formats": ["<u2", "u1", "<f8", "<u2", "u1", "<u4", "<u2"],
        "offsets": [0, 2, 3, 9, 11, 12, 16],
        "itemsize": _TAIL_BYTES,
    }
)
_TAG, _VALUE_TAG, _ZERO_TAG, _TIME_TAG = 0x1012, 0x09, 0x0712, 0x10
_MORE_LOW, _MORE_HIGH, _MORE_HIGH_SET = 0x80808080, 0x8080, 0x0080


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
    recognised = _recognise(series, book) if series else None
    if recognised is not None:
        book.touch(recognised.slots, now_ms=now_ms)
    gathered = Gathered(book, now_ms)
    for position in range(len(series)) if recognised is None else recognised.others:
        _read_series(series, position, into=gathered)
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
    """Series taken by their bytes: position int64[n] in the body; `others` must be read."""

    position: NDArray[np.int64]
    slots: NDArray[np.int32]
    at_ms: Times
    value: NDArray[np.float64]
    others: list[int]


def _recognise(series: list[bytes], book: SeriesBook) -> _Recognised | None:
    """Take every series that is a known region and one sample; None where one is too short."""
    sizes = np.fromiter(map(len, series), dtype=np.int64, count=len(series))
    if int(sizes.min()) < _TAIL_BYTES:
        return None
    joined = b"".join(series)
    windows = np.ndarray((len(joined) - _TAIL_BYTES + 1,), dtype=_TAIL, buffer=joined, strides=(1,))
    tails = windows[np.cumsum(sizes) - _TAIL_BYTES]
    get = book.known.get
    found = [
        get(one[:-_TAIL_BYTES] if one[-8] != _ZERO_SIZE else one[:-_ZERO_TAIL_BYTES], -1)
        for one in series
    ]
    slots = np.array(found, dtype=np.int32)
    at_ms, value, whole = _read_tails(tails)
    taken = whole & (slots >= 0)
    if taken.all():
        return _Recognised(np.arange(len(series)), slots, at_ms, value, [])
    position = np.flatnonzero(taken)
    others = np.flatnonzero(~taken).tolist()
    return _Recognised(position, slots[taken], at_ms[taken], value[taken], others)


def _read_tails(tails: NDArray[np.void]) -> tuple[Times, NDArray[np.float64], NDArray[np.bool_]]:
    """Return at_ms, value, and whether a tail is exactly a sample of one of the two shapes.

    Which shape is asked for was decided by the byte that says how long a sample of value 0 is:
    the region was cut there, so the check must follow the same byte.
    """
    low = tails["time_low"].astype(np.int64)
    high = tails["time_high"].astype(np.int64)
    timed = (low & _MORE_LOW == _MORE_LOW) & (high & _MORE_HIGH == _MORE_HIGH_SET)
    timed &= tails["time_tag"] == _TIME_TAG
    zero_tag = tails["zero_tag"]
    is_zero = zero_tag >> 8 == _ZERO_SIZE
    full = (tails["tag"] == _TAG) & (tails["value_tag"] == _VALUE_TAG)
    whole = timed & np.where(is_zero, zero_tag == _ZERO_TAG, full)
    at_ms = low & 0x7F
    at_ms |= (low & 0x7F00) >> 1
    at_ms |= (low & 0x7F0000) >> 2
    at_ms |= (low & 0x7F000000) >> 3
    at_ms |= (high & 0x7F) << 28
    at_ms |= (high & 0x7F00) << 27
    return at_ms, np.where(is_zero, 0.0, tails["value"]), whole


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


def _weave(recognised: _Recognised | None, gathered: Gathered) -> tuple[Slots, Times, Values]:
    """Return recognised and gathered samples together, in the order of the body."""
    if recognised is None or not len(recognised.slots):
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
