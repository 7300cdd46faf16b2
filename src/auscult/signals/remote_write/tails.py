"""What follows the labels of a series with one sample, read from all series of a body at once.

A sample is of exactly one of two shapes:

    12 10 09 <8 bytes value> 10 <6 bytes time>      18 bytes
    12 07                    10 <6 bytes time>       9 bytes: proto3 leaves out a value of 0

Six bytes of varint hold the milliseconds of the years 1971 to 2109.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.samples import Times, Values

TAIL_BYTES = 18
ZERO_TAIL_BYTES = 9
ZERO_SIZE = 7
VALUE_TIME_BYTES = 15
"""What may differ between two samples of 18 bytes: the value, the tag of the time, the time."""

TIME_BYTES = 6
_TAIL = np.dtype(
    {
        "names": ["tag", "value_tag", "value", "zero_tag", "time_tag", "time"],
        "formats": ["<u2", "u1", "<f8", "<u2", "u1", "<u8"],
        "offsets": [0, 2, 3, 9, 11, 10],
        "itemsize": TAIL_BYTES,
    }
)
_TAG, _VALUE_TAG, _ZERO_TAG, _TIME_TAG = 0x1012, 0x09, 0x0712, 0x10
_TIME_SHIFT = np.uint64(16)
_TIME_FORM = np.uint64(0x8080_8080_8080)
_TIME_FORM_SET = np.uint64(0x0080_8080_8080)


@dataclass(frozen=True, slots=True)
class Tails:
    """One for each series: at_ms int64[n], value float64[n], sizes int64[n] in bytes.

    whole: bool[n], whether the tail is exactly a sample of one of the two shapes. Which of them is
    asked for is decided by the byte that says how long a sample of value 0 is; `sizes` follows
    the same byte, so that a region is cut where the check looked.
    """

    at_ms: Times
    value: Values
    sizes: NDArray[np.int64]
    whole: NDArray[np.bool_]


def read_tails(body: bytes, ends: NDArray[np.int64]) -> Tails:
    """Return the tails that end before `ends`, int64[n]; there are 18 bytes before each."""
    windows = np.ndarray(
        (len(body) - TAIL_BYTES + 1,), dtype=f"V{TAIL_BYTES}", buffer=body, strides=(1,)
    )
    tails = windows[ends - TAIL_BYTES].view(_TAIL)  # gathered as plain bytes: many times faster
    zero_tag = tails["zero_tag"]
    is_zero = zero_tag >> 8 == ZERO_SIZE
    full = (tails["tag"] == _TAG) & (tails["value_tag"] == _VALUE_TAG)
    whole = np.where(is_zero, zero_tag == _ZERO_TAG, full)
    whole &= tails["time_tag"] == _TIME_TAG
    at_ms, timed = read_times(tails["time"])
    whole &= timed
    value = np.where(is_zero, 0.0, tails["value"])
    sizes = np.where(is_zero, ZERO_TAIL_BYTES, TAIL_BYTES)
    return Tails(at_ms, value, sizes, whole)


def read_times(ending: NDArray[np.uint64]) -> tuple[Times, NDArray[np.bool_]]:
    """Return the times that are the last six of eight bytes, and whether each is a varint of six.

    Seven bits of each byte are joined to fourteen, then to all.
    """
    time = ending >> _TIME_SHIFT
    pairs = (time & np.uint64(0x007F_007F_007F)) | ((time & np.uint64(0x7F00_7F00_7F00)) >> 1)
    at_ms = pairs & np.uint64(0x3FFF)
    at_ms |= (pairs & np.uint64(0x3FFF_0000)) >> 2
    at_ms |= (pairs & np.uint64(0x3FFF_0000_0000)) >> 4
    return at_ms.view(np.int64), time & _TIME_FORM == _TIME_FORM_SET
