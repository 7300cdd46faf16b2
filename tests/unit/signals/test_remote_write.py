import numpy as np
import pytest

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, MediaUnsupported
from auscult.signals import Decoded, Kind, Registry, decode_write
from auscult.signals.remote_write import decoded as decoded_module
from auscult.signals.remote_write import version1, version2
from tests.unit.signals.sink import NOW_MS, ONE, SMALL
from tests.unit.signals.wire import MEDIA_1, MEDIA_2, PLAIN, STALE, Body, One, label_set, pack

MIB = 1 << 20


def decode(registry: Registry, body: bytes, media: str = MEDIA_1) -> Decoded:
    book = registry.book(ONE)
    return decode_write(pack(body), media, book=book, now_ms=NOW_MS, max_bytes=MIB)


def rows(registry: Registry, decoded: Decoded) -> list[tuple[str, int, float]]:
    names = [dict(registry.labels_of(slot))["__name__"] for slot in decoded.slots.tolist()]
    return list(zip(names, decoded.at_ms.tolist(), decoded.value.tolist(), strict=True))


@pytest.fixture
def registry() -> Registry:
    return Registry(SMALL)


BODY = Body(
    [
        One(label_set("zero"), [(NOW_MS, 0.0)]),
        One(label_set("one", path="/a"), [(NOW_MS, 1.0)]),
        One(label_set("several"), [(NOW_MS, 2.0), (NOW_MS + 1, 0.0), (NOW_MS + 2, 3.0)]),
        One(label_set("odd"), [(NOW_MS, 4.0)], exemplars=2, histograms=1),
        One(label_set("early"), [(1, 5.0)]),
        One(label_set("minus"), [(-5, 6.0)]),
        One(label_set("one", path="/a"), [(NOW_MS + 1, 7.0)]),
        One(label_set("empty")),
    ]
)
ROWS = [
    ("zero", NOW_MS, 0.0),
    ("one", NOW_MS, 1.0),
    ("several", NOW_MS, 2.0),
    ("several", NOW_MS + 1, 0.0),
    ("several", NOW_MS + 2, 3.0),
    ("odd", NOW_MS, 4.0),
    ("early", 1, 5.0),
    ("minus", -5, 6.0),
    ("one", NOW_MS + 1, 7.0),
]


@pytest.mark.parametrize("media", [MEDIA_1, MEDIA_2])
def test_a_body_says_the_same_when_its_series_are_new_and_when_they_are_known(
    registry: Registry, media: str
) -> None:
    body = BODY.version1() if media == MEDIA_1 else BODY.version2()
    for _ in range(2):
        decoded = decode(registry, body, media)
        assert rows(registry, decoded) == ROWS
        assert (decoded.exemplars, decoded.histograms) == (2, 1)
        assert (decoded.refused_labels, decoded.refused_cap) == (0, 0)


def test_known_series_of_one_sample_are_not_read(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Body([One(label_set(f"m{n}", a="b" * (n + 1)), [(NOW_MS, n % 3)]) for n in range(300)])
    decode(registry, plain.version1())
    monkeypatch.setattr(version1, "parse_series", None)
    again = decode(registry, plain.version1())
    assert again.value.tolist() == [n % 3 for n in range(300)]
    assert again.slots.tolist() == list(range(300))


def test_a_stale_marker_keeps_its_bits(registry: Registry) -> None:
    body = Body([One(label_set("gone"), [(NOW_MS, STALE)])])
    for _ in range(2):
        assert decode(registry, body.version1()).value.tobytes().hex() == "020000000000f07f"
    assert decode(registry, body.version2(), MEDIA_2).value.tobytes().hex() == "020000000000f07f"


def test_unsorted_labels_are_the_same_series_and_never_become_known_bytes(
    registry: Registry,
) -> None:
    labels = label_set("up", job="a")
    sorted_slot = decode(registry, Body([One(labels, [(NOW_MS, 1.0)])]).version1()).slots[0]
    mixed = Body([One(labels[::-1], [(NOW_MS, 1.0)])])
    for raw, media in ((mixed.version1(), MEDIA_1), (mixed.version2(), MEDIA_2)):
        assert decode(registry, raw, media).slots.tolist() == [sorted_slot]
    assert len(registry.book(ONE).known) == 1


def test_a_label_value_that_looks_like_a_sample_is_not_one(registry: Registry) -> None:
    sample = PLAIN["Sample"](value=3.0, timestamp=NOW_MS).SerializeToString()
    for fake in (b"\x12\x10" + sample, b"\x12\x07\x10" + sample[10:]):
        text = fake.decode("latin-1")
        body = Body([One(label_set("up", zz=text), [(NOW_MS, 9.0)])])
        for _ in range(2):
            decoded = decode(registry, body.version1())
            assert dict(registry.labels_of(int(decoded.slots[0])))["zz"] == text
            assert decoded.value.tolist() == [9.0]


def test_a_value_whose_last_bytes_look_like_an_omitted_zero_is_read_right(
    registry: Registry,
) -> None:
    tricky = np.frombuffer(b"\x01\x02\x03\x04\x05\x06\x12\x07", dtype="<f8").tolist()
    body = Body([One(label_set("up"), [(NOW_MS, tricky[0])])])
    for _ in range(2):
        assert decode(registry, body.version1()).value.tolist() == tricky


@pytest.mark.parametrize("media", [MEDIA_1, MEDIA_2])
def test_series_with_bad_labels_are_counted_and_the_others_taken(
    registry: Registry, media: str
) -> None:
    good = One(label_set("good"), [(NOW_MS, 1.0)])
    bad = [
        One([("job", "a")], [(NOW_MS, 1.0)]),
        One([("__name__", "x"), ("a", "1"), ("a", "2")], [(NOW_MS, 1.0), (NOW_MS + 1, 1.0)]),
        One(label_set("long", a="x" * 5_000), [(NOW_MS, 1.0)]),
        One([("__name__", "x"), *((f"l{n}", "1") for n in range(200))], [(NOW_MS, 1.0)]),
    ]
    body = Body([*bad, good])
    decoded = decode(registry, body.version1() if media == MEDIA_1 else body.version2(), media)
    assert rows(registry, decoded) == [("good", NOW_MS, 1.0)]
    assert decoded.refused_labels == 5
    assert registry.refused(ONE).by_labels == 4


def test_broken_utf8_takes_only_its_own_series(registry: Registry) -> None:
    raw = Body([One(label_set("bad!", a="1"), [(NOW_MS, 1.0)]), *BODY.series]).version1()
    decoded = decode(registry, raw.replace(b"bad!", b"bad\xff"))
    assert decoded.refused_labels == 1
    assert rows(registry, decoded) == ROWS


def test_series_beyond_the_cap_are_counted_and_the_known_go_on(registry: Registry) -> None:
    many = Body([One(label_set(f"m{n}"), [(NOW_MS, 1.0)]) for n in range(3_010)])
    for _ in range(2):
        decoded = decode(registry, many.version1())
        assert (len(decoded), decoded.refused_cap) == (3_000, 10)
    assert len(decode(registry, many.version2(), MEDIA_2)) == 3_000


def test_metadata_makes_counters_of_what_is_there(registry: Registry) -> None:
    decode(registry, Body([One(label_set("requests"), [(NOW_MS, 1.0)])]).version1())
    decoded = decode(registry, Body([], metadata=[("requests", 1), ("odd", 99)]).version1())
    assert decoded.metadata == 1
    assert decoded.kind_changed.tolist() == [0]
    assert registry.kind_of(0) is Kind.COUNTER
    body = Body([One(label_set("bytes"), [(NOW_MS, 1.0)], type_number=1)])
    slot = int(decode(registry, body.version2(), MEDIA_2).slots[0])
    assert registry.kind_of(slot) is Kind.COUNTER


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", BodyMalformed),
        (b"\xff\xff\xff\xff\xff\x01", BodyMalformed),
        (b"not snappy at all", BodyMalformed),
        (pack(b"x" * (MIB + 1)), BodyTooLarge),
        (b"\xff\xff\xff\xff\x0f", BodyTooLarge),
        (pack(b"\x0a\x05ab"), BodyMalformed),
        (pack(b"\x0a\x02\x0a\x05"), BodyMalformed),
        (pack(Body([], metadata=[("ab!", 1)]).version1().replace(b"!", b"\xff")), BodyMalformed),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    registry: Registry, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        decode_write(body, MEDIA_1, book=registry.book(ONE), now_ms=NOW_MS, max_bytes=MIB)


def test_the_place_of_a_broken_series_is_its_byte(registry: Registry) -> None:
    good = Body([One(label_set("up"), [(NOW_MS, 1.0)])]).version1()
    with pytest.raises(BodyMalformed) as refused:
        decode(registry, good + b"\x0a\x02\x0a\x05")
    assert refused.value.position == len(good)


@pytest.mark.parametrize(
    ("symbols", "refs", "said"),
    [
        (["x"], [], "empty string"),
        ([], [], "empty string"),
        (["", "__name__", "up"], [1, 2, 1], "pairs"),
        (["", "__name__", "up"], [1, 3], "range"),
    ],
)
def test_v2_references_are_checked(
    registry: Registry, symbols: list[str], refs: list[int], said: str
) -> None:
    request = PLAIN["Request"](symbols=symbols)
    request.timeseries.add(labels_refs=refs)
    with pytest.raises(BodyMalformed, match=said):
        decode(registry, request.SerializeToString(), MEDIA_2)


def test_a_v2_symbol_repeated_in_every_label_costs_nothing(registry: Registry) -> None:
    request = PLAIN["Request"](symbols=["", "__name__", "x" * 500_000])
    for _ in range(1_000):
        request.timeseries.add(labels_refs=[1, 2] * 60)
    decoded = decode(registry, request.SerializeToString(), MEDIA_2)
    assert len(decoded) == 0
    assert registry.refused(ONE).by_labels == 1_000


def test_v2_label_bytes_that_no_longer_fit_are_made_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version2, "_KEPT_BYTES_MAX", 40)
    for _ in range(2):
        assert rows(registry, decode(registry, BODY.version2(), MEDIA_2)) == ROWS


def test_bombs_of_tiny_parts_are_refused(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = b"\x0a\x00" * 20_001
    with pytest.raises(BodyTooLarge, match="labels"):
        decode(registry, b"\x0a" + _varint(len(tiny)) + tiny)
    with pytest.raises(BodyTooLarge, match="200001 series"):
        decode(registry, b"\x0a\x00" * 200_001)
    with pytest.raises(BodyTooLarge, match="200001 series"):
        decode(registry, b"\x2a\x00" * 200_001, MEDIA_2)
    monkeypatch.setattr(decoded_module, "SAMPLES_MAX", 8)
    with pytest.raises(BodyTooLarge, match="8 samples"):
        decode(registry, BODY.version1())


def _varint(number: int) -> bytes:
    return bytes([number & 127 | 128, number >> 7 & 127 | 128, number >> 14])


@pytest.mark.parametrize(
    ("media", "taken"),
    [
        ("application/x-protobuf", True),
        ("application/x-protobuf;proto=prometheus.WriteRequest", True),
        ('application/X-Protobuf; proto="prometheus.WriteRequest"', True),
        ("application/json", False),
        ("", False),
        ("application/x-protobuf;proto=io.prometheus.write.v3.Request", False),
    ],
)
def test_the_content_type_chooses(registry: Registry, media: str, taken: bool) -> None:
    if taken:
        assert rows(registry, decode(registry, BODY.version1(), media)) == ROWS
    else:
        with pytest.raises(MediaUnsupported):
            decode(registry, BODY.version1(), media)
