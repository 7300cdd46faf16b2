"""The series of a remote_write 2.0 body, read as columns: references, and one sample each.

A series that Prometheus sends is, in this order,

    0a <size> <references, packed>      labels
    12 10 09 <8 bytes value> 10 <6 bytes time>, or 12 07 10 <6 bytes time> for a value of 0
    2a <size> <type, help, unit>        metadata, which may be missing

Every other one is left to be read in full.
"""

from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from auscult.kernel.samples import Times, Values
from auscult.signals.remote_write.schema import parse_metadata2
from auscult.signals.remote_write.tails import TAIL_BYTES, ZERO_TAIL_BYTES, read_times

_SAMPLE = np.dtype(
    {
        "names": ["tag", "value_tag", "value", "time_tag", "time", "zero_time"],
        "formats": ["<u2", "u1", "<f8", "u1", "<u8", "<u8"],
        "offsets": [0, 2, 3, 11, 10, 1],
        "itemsize": TAIL_BYTES,
    }
)
_TAG, _VALUE_TAG, _ZERO_TAG, _TIME_TAG = 0x1012, 0x09, 0x0712, 0x10
_LABELS_TAG, _METADATA_TAG = 0x0A, 0x2A
_MORE = 0x80
_WIDTH_MAX = 3
_SMALLEST = 2 + 2 + ZERO_TAIL_BYTES


@dataclass(frozen=True, slots=True)
class Columns2:
    """n series: at_ms int64[n], value float64[n], whole bool[n].

    refs int64[m] are the references of those that are whole, counts int64[n] how many each has (0
    where it is not whole).
    """

    at_ms: Times
    value: Values
    whole: NDArray[np.bool_]
    refs: NDArray[np.int64]
    counts: NDArray[np.int64]


def read_columns(series: list[bytes]) -> Columns2 | None:
    """Return what the series say; None where one cannot be read this way at all."""
    sizes = np.fromiter(map(len, series), dtype=np.int64, count=len(series))
    if not series or int(sizes.min()) < _SMALLEST:
        return None
    joined = b"".join([*series, bytes(2 * _MORE)])
    data = np.frombuffer(joined, dtype=np.uint8)
    starts = np.cumsum(sizes) - sizes
    refs_n = data[starts + 1].astype(np.int64)
    whole = (data[starts] == _LABELS_TAG) & (refs_n < _MORE) & (refs_n > 1)
    begins = starts + 2 + refs_n
    windows = np.ndarray(
        (len(joined) - TAIL_BYTES + 1,), dtype=f"V{TAIL_BYTES}", buffer=joined, strides=(1,)
    )
    samples = windows[np.minimum(begins, len(windows) - 1)].view(_SAMPLE)
    is_zero = samples["tag"] == _ZERO_TAG
    full = (samples["tag"] == _TAG) & (samples["value_tag"] == _VALUE_TAG)
    full &= samples["time_tag"] == _TIME_TAG
    whole &= full | (is_zero & (samples["value_tag"] == _TIME_TAG))
    at_ms, timed = read_times(np.where(is_zero, samples["zero_time"], samples["time"]))
    whole &= timed
    ends = begins + np.where(is_zero, ZERO_TAIL_BYTES, TAIL_BYTES)
    whole &= _end_well(series, ends - starts, sizes)
    refs = _read_refs(data, (starts + 2)[whole], refs_n[whole])
    if refs is None:
        return None
    counts = np.zeros(len(series), dtype=np.int64)
    counts[whole] = refs[1]
    return Columns2(at_ms, np.where(is_zero, 0.0, samples["value"]), whole, refs[0], counts)


def _end_well(
    series: list[bytes], ends: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say of each series whether nothing but metadata follows its sample, and that it is some."""
    good: NDArray[np.bool_] = ends == sizes
    if good.all():
        return good
    further = [one[end:] for one, end in zip(series, ends.tolist(), strict=True)]
    fine = {rest for rest in set(further) if _is_metadata(rest)} | {b""}
    known = np.fromiter((rest in fine for rest in further), dtype=np.bool_, count=len(further))
    return known & (ends <= sizes)


def _is_metadata(rest: bytes) -> bool:
    if rest[:2] != bytes([_METADATA_TAG, max(len(rest) - 2, 0) & (_MORE - 1)]):
        return False
    if len(rest) - 2 >= _MORE:
        return False
    try:
        parse_metadata2(rest[2:])
    except DecodeError:
        return False
    return True


def _read_refs(
    data: NDArray[np.uint8], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return all references and how many each series has; None where one is large or unfinished.

    starts, sizes: int64[n], where in the data the packed references of a series are.
    """
    upto = np.cumsum(sizes)
    if not len(upto):
        return np.zeros(0, dtype=np.int64), upto
    packed = data[np.repeat(starts - upto + sizes, sizes) + np.arange(upto[-1])]
    last = packed < _MORE
    if not last[upto - 1].all():
        return None
    ends = np.flatnonzero(last)
    widths = np.diff(ends, prepend=-1)
    refs = packed[ends].astype(np.int64)
    widest = int(widths.max())
    if widest > _WIDTH_MAX:
        return None
    for nth in range(1, widest):
        wider = widths > nth
        refs[wider] = refs[wider] << 7 | packed[ends[wider] - nth] & (_MORE - 1)
    return refs, np.diff(np.searchsorted(ends, upto), prepend=0)


def row_keys(numbers: NDArray[np.int32], counts: NDArray[np.int64]) -> list[bytes]:
    """Return the row of each series as bytes; numbers int32[m], counts int64[n] of them each."""
    width = max(int(counts.max(initial=0)), 1)
    if len(numbers) == len(counts) * width:
        keys: list[bytes] = numbers.view(f"V{4 * width}").tolist()
        return keys
    rows = np.zeros(len(counts) * width, dtype=np.int32)
    firsts = np.cumsum(counts) - counts
    places = np.repeat(np.arange(len(counts)) * width - firsts, counts) + np.arange(len(numbers))
    rows[places] = numbers
    padded: list[bytes] = rows.view(f"V{4 * width}").tolist()
    return [row[:size] for row, size in zip(padded, (4 * counts).tolist(), strict=True)]
