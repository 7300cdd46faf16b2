"""What stands at the beginning and the end of many span messages, read as columns.

Every exporter there is writes a span's fields in the order of their numbers: trace id, span id,
parent, name, kind, start, end; then attributes, events and links; then status and flags
(opentelemetry/proto/trace/v1/trace.proto). So the beginnings of all spans of a body are read at
once, and what follows is stepped over, one field of every span in a step. A span that is written
otherwise (a trace state, a name of 128 bytes and more, any other order) is left to protobuf.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.signals.otlp.limits import ATTRIBUTES_MAX

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

PADDING = bytes(64)
"""Stands behind the messages, so that a read beyond the last one's end stays inside the array."""

_TRACE_TAG, _SPAN_TAG, _PARENT_TAG = 0x100A, 0x0812, 0x0822
_NAME_TAG, _KIND_TAG, _START_TAG, _END_TAG = 0x2A, 0x30, 0x39, 0x41
_STATUS_TAG, _FLAGS_TAG = 0x7A, 0x0185
_CODE_TAG, _TEXT_TAG, _ERROR = 0x18, 0x12, 2
_CODE_BYTES = 2
_MORE = 0x80
_KIND_MAX = 5
_HEAD_BYTES_MIN = 50
"""Ids, an empty name, a kind and two times: shorter ones are not read here."""

_SHORT_ATTRIBUTE, _SHORT_MASK = 0x4A, 0x80FF
"""An attribute of less than 128 bytes, in the number that its first two bytes make."""

_LENGTHY, _COUNT = 1, 2
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[0x4A, 0x5A, 0x6A]] = _LENGTHY  # attributes, events, links
_STEPS[[0x50, 0x60, 0x70]] = _COUNT  # how many of them were dropped


@dataclass(frozen=True, slots=True)
class Heads:
    """n spans; rows where `plain` is False mean nothing.

    trace uint64[n, 2]; span, parent uint64[n]; kind int8[n]; start_ns, end_ns int64[n]; failed,
    plain bool[n]; name_at, name_end int64[n]: where the name stands.
    """

    trace: NDArray[np.uint64]
    span: NDArray[np.uint64]
    parent: NDArray[np.uint64]
    kind: NDArray[np.int8]
    start_ns: Places
    end_ns: Places
    failed: Mask
    plain: Mask
    name_at: Places
    name_end: Places


def read_heads(raw: bytes, at: Places, size: Places) -> Heads:
    """Read n messages in `raw`, which ends with `PADDING`; at, size int64[n].

    words[i], pairs[i] are the numbers made of the 8 and of the 2 bytes from i on.
    """
    data = np.frombuffer(raw, dtype=np.uint8)
    words = np.ndarray((len(raw) - 7,), dtype="<u8", buffer=raw, strides=(1,))
    pairs = np.ndarray((len(raw) - 1,), dtype="<u2", buffer=raw, strides=(1,))
    plain = size >= _HEAD_BYTES_MIN
    at = np.where(plain, at, 0)
    end = at + np.where(plain, size, 0)
    plain &= (pairs[at] == _TRACE_TAG) & (pairs[at + 18] == _SPAN_TAG)
    place = at + 28
    has_parent = pairs[place] == _PARENT_TAG
    parent = np.where(has_parent, words[place + 2], np.uint64(0))
    place = place + 10 * has_parent
    name_size = data[place + 1]
    plain &= (data[place] == _NAME_TAG) & (name_size < _MORE)
    name_at = place + 2
    place = np.where(plain, name_at + name_size, 0)
    plain &= place + 20 <= end
    place[~plain] = 0
    kind = data[place + 1]
    plain &= (data[place] == _KIND_TAG) & (kind < _MORE)
    plain &= (data[place + 2] == _START_TAG) & (data[place + 11] == _END_TAG)
    plain, failed = _read_tails(data, pairs, np.where(plain, place + 20, end), end=end, plain=plain)
    return Heads(
        np.stack([words[at + 2], words[at + 10]], axis=1),
        words[at + 20],
        parent,
        np.where(kind <= _KIND_MAX, kind, 0).astype(np.int8),
        words[place + 3].astype(np.int64),
        words[place + 12].astype(np.int64),
        failed,
        plain,
        name_at,
        name_at + name_size,
    )


def _read_tails(
    data: Bytes, pairs: NDArray[np.uint16], place: Places, *, end: Places, plain: Mask
) -> tuple[Mask, Mask]:
    """Step over what follows each head; return which spans were understood, and which failed.

    place, end int64[n]: where the rest of a span begins and ends.
    """
    failed = np.zeros(len(place), dtype=np.bool_)
    plain = plain.copy()
    rows = np.flatnonzero(plain)
    here, stop = place[rows], end[rows]
    for _ in range(ATTRIBUTES_MAX):
        if not len(rows):
            return plain, failed
        pair = pairs[here]
        if ((pair & _SHORT_MASK) == _SHORT_ATTRIBUTE).all():
            here = here + (pair >> 8) + 2  # the usual case: one more attribute of every span
            continue
        tag, size = (pair & 0xFF).astype(np.uint8), (pair >> 8).astype(np.uint8)
        step = _STEPS[tag]
        goes_on = (here < stop) & (step > 0)
        ended = ~goes_on
        if ended.any():
            whole, bad = _read_ends(data, here[ended], stop[ended])
            plain[rows[ended]], failed[rows[ended]] = whole, bad
            rows, here, stop = rows[goes_on], here[goes_on], stop[goes_on]
            tag, size, step = tag[goes_on], size[goes_on], step[goes_on]
        here, known = _step_over(data, here, size=size, lengthy=step == _LENGTHY)
        if not known.all():
            plain[rows[~known]] = False
            rows, here, stop = rows[known], here[known], stop[known]
    plain[rows] = False
    return plain, failed


def _step_over(data: Bytes, here: Places, *, size: Bytes, lengthy: Mask) -> tuple[Places, Mask]:
    """Return what follows the fields that begin here, and which of them could be stepped over."""
    more = data[here + 2]
    short = size < _MORE
    wide = (size & (_MORE - 1)).astype(np.int64) + (more.astype(np.int64) << 7)
    far = np.where(short, 2 + size.astype(np.int64), 3 + wide)
    known = short | (lengthy & (more < _MORE))
    return here + np.where(lengthy, far, 2), known


def _read_ends(data: Bytes, here: Places, stop: Places) -> tuple[Mask, Mask]:
    """Read status and flags, which end a span; return which were understood, and which failed."""
    has_status = (here < stop) & (data[here] == _STATUS_TAG)
    size = data[here + 1].astype(np.int64)
    first, second = data[here + 2], data[here + 3]
    closing = np.where(has_status, here + 2 + size, here)
    bare = (size == 0) | ((size == _CODE_BYTES) & (first == _CODE_TAG))
    worded = (first == _TEXT_TAG) & (second < _MORE) & (size >= _CODE_BYTES)
    after_text = here + 4 + second.astype(np.int64)
    worded &= (after_text == closing) | (after_text + 2 == closing)
    whole = ~has_status | ((size < _MORE) & (bare | worded) & (closing <= stop))
    code_at = np.where(has_status & whole & (size > 0), closing - 2, 0)
    coded = (first == _CODE_TAG) | (after_text + 2 == closing)
    failed = has_status & whole & coded & (size > 0)
    failed &= (data[code_at] == _CODE_TAG) & (data[code_at + 1] == _ERROR)
    closing = np.where(whole, closing, stop)
    flagged = (closing + 6 == stop) & (data[closing] == (_FLAGS_TAG & 0xFF))
    flagged &= data[closing + 1] == _FLAGS_TAG >> 8
    return whole & ((closing == stop) | flagged), failed
