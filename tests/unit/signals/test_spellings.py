"""A 2.0 series that came before is known by its row of numbers, whatever table it comes with."""

import numpy as np
import pytest

from auscult.kernel.errors import BodyMalformed
from auscult.signals import Decoded, Intake, Registry, Rings, SeriesLimits, decode_write
from auscult.signals.remote_write import version2
from auscult.signals.series import spellings
from auscult.signals.series.spellings import Spellings
from tests.unit.signals.sink import NOW_MS, ONE
from tests.unit.signals.wire import MEDIA_2, PLAIN, Body, One, label_set, pack

SMALL = SeriesLimits(per_tenant=400, per_process=400)
SERIES = [
    One(label_set(f"m{n}", **{f"l{k}": "x" for k in range(n % 3)}), [(NOW_MS, float(n % 4))])
    for n in range(300)
]


def decode(registry: Registry, raw: bytes, *, now_ms: int = NOW_MS) -> Decoded:
    book = registry.book(ONE)
    return decode_write(pack(raw), MEDIA_2, book=book, now_ms=now_ms, max_bytes=1 << 20)


@pytest.mark.parametrize("first", [0, 100, 299])
@pytest.mark.parametrize("type_number", [0, 1])
def test_known_series_are_not_read(
    first: int, type_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(SMALL)
    decode(registry, Body(SERIES).version2())
    monkeypatch.setattr(version2, "parse_series2", None)
    again = [One(one.labels, one.samples, type_number=type_number) for one in SERIES[first:]]
    decoded = decode(registry, Body(again).version2())
    assert decoded.slots.tolist() == list(range(first, 300))
    assert decoded.value.tolist() == [n % 4 for n in range(first, 300)]
    assert set(decoded.at_ms.tolist()) == {NOW_MS}


def test_metadata_that_cannot_be_read_is_refused_for_a_known_series_too() -> None:
    registry = Registry(SMALL)
    known = [One(label_set("m"), [(NOW_MS, 1.0)], type_number=1)]
    raw = Body(known).version2()
    for _ in range(2):
        decode(registry, raw)
    with pytest.raises(BodyMalformed):
        decode(registry, raw.replace(b"\x2a\x02\x08\x01", b"\x2a\x02\x08\xff"))


def test_rows_of_series_that_were_given_up_are_forgotten() -> None:
    registry = Registry(SMALL)
    intake = Intake(registry, Rings(registry.capacity))
    decode(registry, Body(SERIES).version2())
    later = NOW_MS + registry.limits.idle_ms + 1
    assert intake.evict_idle(ONE, now_ms=later) == 300
    decode(registry, Body(SERIES[::-1]).version2(), now_ms=later)
    decoded = decode(registry, Body(SERIES).version2(), now_ms=later)
    labels = [registry.labels_of(slot) for slot in decoded.slots.tolist()]
    assert labels == [one.labels for one in SERIES]


def test_a_reference_out_of_range_is_refused_among_known_series() -> None:
    registry = Registry(SMALL)
    raw = Body(SERIES).version2()
    decode(registry, raw)
    request = PLAIN["Request"].FromString(raw)
    request.timeseries[7].labels_refs[1] = len(request.symbols)
    with pytest.raises(BodyMalformed, match="range") as refused:
        decode(registry, request.SerializeToString())
    assert refused.value.position == 7


def test_numbers_stay_while_there_is_room_and_then_begin_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = Spellings(4)
    assert table.number([b"", b"a", b"b", b"a", b"too long"]).tolist() == [1, 2, 3, 2, 0]
    assert table.number([b"b", b"c"]).tolist() == [3, 4]
    table.learn([(b"row", 7)], series=1)
    monkeypatch.setattr(spellings, "_TEXTS_BYTES_MAX", 8)
    assert table.number([b"c"]).tolist() == [1]
    assert not table.rows
    monkeypatch.setattr(spellings, "_ROWS_SPARE", 0)
    table.learn([(bytes([n]), n) for n in range(9)], series=1)
    table.learn([(b"row", 7)], series=1)
    assert table.rows == {b"row": 7}
    assert table.number([]).dtype == np.int32
