"""Label sets as bytes: the one form in which the registry keeps them.

A region is the run of `Label` messages with which a remote_write 1.0 series begins
(`repeated Label labels = 1`, `Label {string name = 1; string value = 2}`), labels sorted by name,
none empty, lengths written minimally. Keeping exactly these bytes means that a series which comes
again is recognised by one dictionary lookup, without reading a label.
"""

from collections.abc import Iterable

from auscult.kernel.errors import SampleRefused
from auscult.kernel.words import Labels
from auscult.signals.series.limits import SeriesLimits

NAME_LABEL = "__name__"
_NAME_FIELD = b"\x0a\x08__name__\x12"
_SHOWN_CHARS = 40
_MORE = 0x80


def settle_labels(pairs: Iterable[tuple[str, str]], limits: SeriesLimits) -> Labels:
    """Return the pairs as a label set: sorted, without empty values.

    Raises `SampleRefused` when a name comes twice or is empty, when `__name__` is missing,
    or when there are more or longer labels than `limits` allow.
    """
    labels = sorted(pair for pair in pairs if pair[1])
    if len(labels) > limits.labels:
        raise SampleRefused(f"{len(labels)} labels, more than {limits.labels}")
    named = dict(labels)
    if len(named) != len(labels):
        raise SampleRefused("a label name comes twice")
    if NAME_LABEL not in named:
        raise SampleRefused(f"no {NAME_LABEL} label")
    for name, value in labels:
        _check_size(name, value, limits)
    return tuple(labels)


def _check_size(name: str, value: str, limits: SeriesLimits) -> None:
    try:
        name_bytes, value_bytes = len(name.encode()), len(value.encode())
    except UnicodeEncodeError:
        raise SampleRefused("a label is not valid Unicode") from None
    shown = name[:_SHOWN_CHARS]
    if not 0 < name_bytes <= limits.name_bytes:
        raise SampleRefused(f"label name {shown!r} has {name_bytes} bytes")
    if value_bytes > limits.value_bytes:
        raise SampleRefused(f"label {shown!r} has {value_bytes} bytes, > {limits.value_bytes}")


def encode_labels(labels: Labels) -> bytes:
    """Return the region of a label set."""
    return b"".join([encode_label(name, value) for name, value in labels])


def encode_label(name: str, value: str) -> bytes:
    """Return one label's bytes within a region."""
    return encode_label_bytes(name.encode(), value.encode())


def encode_label_bytes(first: bytes, second: bytes) -> bytes:
    """Return one label's bytes, given the UTF-8 of its name and value."""
    inside = len(first) + len(second) + 4
    if inside < _MORE:
        return b"\x0a%c\x0a%c%b\x12%c%b" % (inside, len(first), first, len(second), second)
    body = b"\x0a%b%b\x12%b%b" % (
        encode_varint(len(first)),
        first,
        encode_varint(len(second)),
        second,
    )
    return b"\x0a%b%b" % (encode_varint(len(body)), body)


def decode_labels(region: bytes) -> Labels:
    """Return the label set of a region that `encode_labels` made."""
    labels, at = [], 0
    while at < len(region):
        _, at = _readencode_varint(region, at + 1)
        size, at = _readencode_varint(region, at + 1)
        name = region[at : at + size].decode()
        size, at = _readencode_varint(region, at + size + 1)
        labels.append((name, region[at : at + size].decode()))
        at += size
    return tuple(labels)


def metric_name(labels: Labels) -> str:
    """Return the metric's name, empty where a label set has none."""
    return next((value for name, value in labels if name == NAME_LABEL), "")


def name_of_region(region: bytes) -> str:
    """Return the metric's name of a region; much cheaper than reading all labels."""
    at = 0
    while at < len(region):
        size, start = _readencode_varint(region, at + 1)
        if region.startswith(_NAME_FIELD, start):
            size, at = _readencode_varint(region, start + len(_NAME_FIELD))
            return region[at : at + size].decode()
        at = start + size
    return ""


def encode_varint(number: int) -> bytes:
    """Return a number as protobuf writes it: seven bits a byte, the lowest first."""
    out = bytearray()
    while number >= _MORE:
        out.append(number & (_MORE - 1) | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def _readencode_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & (_MORE - 1)) << shift
        if byte < _MORE:
            return number, at
        shift += 7
