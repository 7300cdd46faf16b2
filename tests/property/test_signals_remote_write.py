"""The fast decoder says what plain protobuf says, and falls over nothing."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.signals import Decoded, Registry, SeriesLimits, decode_write
from auscult.signals.remote_write import following
from auscult.signals.series import pages
from tests.unit.signals.sink import NOW_MS, ONE
from tests.unit.signals.wire import LOOSE, MEDIA_1, MEDIA_2, Body, One, pack

TIME = b"\x80\xd0\x95\xff\xbc\x31"
"""`NOW_MS` as six bytes of varint."""

LIMITS = SeriesLimits(per_tenant=2_000, per_process=2_000)
Row = tuple[tuple[tuple[str, str], ...], int, bytes]

texts = st.text(max_size=12) | st.sampled_from(["\x12\x10\t", "\x12\x07\x10", "x" * 130])
names = st.sampled_from(["__name__", "job", "A", "le", "é"]) | st.text(max_size=4)
labels = st.dictionaries(names, texts, max_size=5).map(lambda found: [*found.items()])
named = labels.flatmap(lambda found: st.permutations([*dict([*found, ("__name__", "m")]).items()]))
times = (
    st.integers(NOW_MS, NOW_MS + 5)
    | st.sampled_from([0, -1, 1, 2**35 - 1, 2**35, 2**42 - 1, 2**42, 2**63 - 1, -(2**63)])
    | st.integers(-(2**63), 2**63 - 1)
)
floats = (
    st.sampled_from([0.0, 0.0, -0.0, 1.0])
    | st.floats()
    | st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
)
samples = st.lists(st.tuples(times, floats), min_size=1, max_size=1) | st.lists(
    st.tuples(times, floats), max_size=3
)
series = st.builds(
    One,
    labels=named | named | labels,
    samples=samples,
    exemplars=st.sampled_from([0, 0, 0, 1]),
    histograms=st.sampled_from([0, 0, 0, 2]),
    type_number=st.sampled_from([0, 0, 1, 2]),
)
bodies = st.builds(Body, st.lists(series, max_size=8))


@pytest.fixture(autouse=True, scope="module")
def _short_bodies_are_followed() -> Iterator[None]:
    """Take the short way with bodies of a few series, too, and look at few at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_SHORTEST", 1)
        patch.setattr(pages, "_FIRST_LOOK", 2)
        patch.setattr(following, "_LOOK_AFTER_TURN", 2)
        yield


def plain_rows(body: Body) -> tuple[list[Row], int]:
    """What the body says, by its own definition: the samples in order, and how many are refused."""
    rows, refused = [], 0
    for one in body.series:
        kept = tuple(sorted(pair for pair in one.labels if pair[1]))
        known = "__name__" in dict(kept) and "" not in dict(kept)
        refused += 0 if known else len(one.samples)
        rows += [(kept, at_ms, struct.pack("<d", value)) for at_ms, value in one.samples if known]
    return rows, refused


def rows_of(registry: Registry, decoded: Decoded) -> list[Row]:
    triples = zip(decoded.slots.tolist(), decoded.at_ms.tolist(), decoded.value, strict=True)
    return [(registry.labels_of(slot), at_ms, value.tobytes()) for slot, at_ms, value in triples]


def decode(registry: Registry, raw: bytes, media: str) -> Decoded:
    book = registry.book(ONE)
    return decode_write(pack(raw), media, book=book, now_ms=NOW_MS, max_bytes=1 << 20)


@given(st.lists(bodies, min_size=1, max_size=3))
def test_every_valid_body_says_what_it_was_made_of(sent: list[Body]) -> None:
    registry = Registry(LIMITS)
    for body in [*sent, *sent]:
        rows, refused = plain_rows(body)
        for raw, media in ((body.version1(), MEDIA_1), (body.version2(), MEDIA_2)):
            decoded = decode(registry, raw, media)
            assert rows_of(registry, decoded) == rows
            assert decoded.refused_labels == refused
            assert decoded.exemplars == sum(one.exemplars for one in body.series)
            assert decoded.histograms == sum(one.histograms for one in body.series)


jobs = st.sampled_from(["a", "b", "c" * 10, "d" * 10, "e" * 19, "x" * 120, "y" * 129])
"""Some as long as others, some nine bytes longer: as a body grows where a value ceases to be 0."""

moves = st.lists(
    st.tuples(st.integers(0, 11), jobs, st.sampled_from([0.0, 1.5, 2.0])), min_size=1, max_size=4
)


def body_of(state: list[tuple[str, float]], first: int, at_ms: int) -> Body:
    """Return a body of the series from `first` on, as senders repeat them."""
    return Body(
        [
            One([("__name__", f"m{n}"), ("job", job)], [(at_ms, value)])
            for n, (job, value) in enumerate(state)
            if n >= first
        ]
    )


@given(st.lists(st.tuples(moves, st.integers(0, 3), st.sampled_from([0, 1, 2])), max_size=6))
def test_bodies_that_repeat_themselves_but_for_some_series_are_read_right(
    rounds: list[tuple[list[tuple[int, str, float]], int, int]],
) -> None:
    """Values come and go (and with them nine bytes), labels change, a body begins elsewhere."""
    registry = Registry(LIMITS)
    state = [("a", float(n % 3)) for n in range(12)]
    sent = [body_of(state, 0, NOW_MS)]
    for turn, (moved, first, swapped) in enumerate(rounds, 1):
        for n, job, value in moved:
            state[n] = (job, value)
        body = body_of(state, first, NOW_MS + turn)
        sent.append(Body([*body.series[swapped:], *body.series[:swapped]]))
    for body in sent:
        for raw, media in ((body.version1(), MEDIA_1), (body.version2(), MEDIA_2)):
            assert rows_of(registry, decode(registry, raw, media)) == plain_rows(body)[0]


@given(bodies, bodies, st.integers(0, 4))
def test_what_follows_a_body_that_is_known_is_read_as_well(
    body: Body, rest: Body, place: int
) -> None:
    registry = Registry(LIMITS)
    decode(registry, body.version1(), MEDIA_1)
    mixed = Body([*body.series[:place], *rest.series, *body.series[place:]])
    for _ in range(2):
        decoded = decode(registry, mixed.version1(), MEDIA_1)
        assert rows_of(registry, decoded) == plain_rows(mixed)[0]


@given(st.binary(max_size=200), st.sampled_from([MEDIA_1, MEDIA_2]), st.booleans())
def test_random_bytes_are_read_or_refused(raw: bytes, media: str, packed: bool) -> None:
    registry = Registry(LIMITS)
    try:
        body = pack(raw) if packed else raw
        book = registry.book(ONE)
        decoded = decode_write(body, media, book=book, now_ms=NOW_MS, max_bytes=1 << 20)
    except (BodyMalformed, BodyTooLarge):
        return
    assert len(decoded.slots) == len(decoded.at_ms) == len(decoded.value)


changes = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4)


@given(bodies, changes, st.sampled_from([MEDIA_1, MEDIA_2]))
def test_a_changed_body_says_what_plain_protobuf_makes_of_it(
    body: Body, bytes_changed: list[tuple[int, int]], media: str
) -> None:
    """Known series, then a body with some bytes overwritten: as plain protobuf, or refused."""
    registry = Registry(LIMITS)
    raw = body.version1() if media == MEDIA_1 else body.version2()
    for _ in range(2):
        decode(registry, raw, media)
    changed = bytearray(raw)
    for place, byte in bytes_changed:
        if place < len(changed):
            changed[place] = byte
    try:
        decoded = decode(registry, bytes(changed), media)
    except (BodyMalformed, BodyTooLarge):
        return
    loose = loose_rows if media == MEDIA_1 else loose_rows2
    assert rows_of(registry, decoded) == loose(bytes(changed))


tail_bytes = st.sampled_from([0x09, 0x10, 0x12, 0x1A, 0x07, 0x80, 0xFF, 0x11]) | st.integers(0, 255)
tail_changes = st.lists(st.tuples(st.integers(1, 18), tail_bytes), min_size=1, max_size=3)


@given(st.sampled_from([0.0, 1.5, -2.0]), tail_changes)
def test_what_follows_a_known_region_is_taken_as_a_sample_only_if_it_is_one(
    value: float, bytes_changed: list[tuple[int, int]]
) -> None:
    """Known series twice, the tail of the first changed: as plain protobuf, or refused."""
    registry = Registry(LIMITS)
    first, second = (
        Body([One([("__name__", "m"), ("job", job)], [(NOW_MS, value)])]).version1()
        for job in ("a", "b")
    )
    decode(registry, first + second, MEDIA_1)
    changed = bytearray(first)
    for place, byte in bytes_changed:
        changed[-place] = byte
    raw = bytes(changed) + second
    try:
        decoded = decode(registry, raw, MEDIA_1)
    except (BodyMalformed, BodyTooLarge):
        return
    assert rows_of(registry, decoded) == loose_rows(raw)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x1a\x10\x09" + b"\x01" * 8 + b"\x10" + TIME,  # an exemplar
        b"\x12\x10\x31" + b"\x01" * 8 + b"\x10" + TIME,  # a field that no sample has
        b"\x1a\x07\x10" + TIME,
        b"\x12\x07\x18" + TIME,
        b"\x12\x07\x10" + TIME[:2] + b"\x01\x18\x01\x01",  # a short time, another field
        b"\x12\x07\x10" + TIME[:3] + b"\x01\x18\x01",
        b"\x12\x07\x10" + TIME[:4] + b"\x01\x00",
        b"\x12\x07\x10" + TIME[:5] + b"\x80",  # a time that never ends
        b"\x12\x10\x09" + b"\x01" * 8 + b"\x10" + TIME[:5] + b"\x80",
    ],
)
def test_tails_that_only_look_like_samples(tail: bytes) -> None:
    registry = Registry(LIMITS)
    known = Body([One([("__name__", "m"), ("job", "a" * 9)], [(NOW_MS, 1.0)])]).version1()
    decode(registry, known, MEDIA_1)
    series = known[2:-18] + tail
    raw = b"\x0a" + bytes([len(series)]) + series
    try:
        wanted = loose_rows(raw)
    except DecodeError:
        with pytest.raises(BodyMalformed):
            decode(registry, raw, MEDIA_1)
        return
    assert rows_of(registry, decode(registry, raw, MEDIA_1)) == wanted


def loose_rows(raw: bytes) -> list[Row]:
    """What plain protobuf reads, with the label rules applied by hand, one label at a time."""
    request = LOOSE["WriteRequest"].FromString(raw)
    return [
        row
        for one in request.timeseries
        for row in judged_rows([(label.name, label.value) for label in one.labels], one.samples)
    ]


def loose_rows2(raw: bytes) -> list[Row]:
    """The same of a 2.0 body that was not refused."""
    request = LOOSE["Request"].FromString(raw)
    texts = request.symbols
    return [
        row
        for one in request.timeseries
        for row in judged_rows(
            [
                (texts[name], texts[value])
                for name, value in zip(one.labels_refs[::2], one.labels_refs[1::2], strict=True)
            ],
            one.samples,
        )
    ]


def judged_rows(labels: list[tuple[bytes, bytes]], samples: Sequence[Any]) -> list[Row]:
    try:
        pairs = [(name.decode(), value.decode()) for name, value in labels]
    except UnicodeDecodeError:
        return []
    kept = tuple(sorted(pair for pair in pairs if pair[1]))
    if len(dict(kept)) < len(kept) or "__name__" not in dict(kept) or "" in dict(kept):
        return []
    return [(kept, one.timestamp, np.float64(one.value).tobytes()) for one in samples]
