"""Bodies that repeat themselves are followed; what was given up is not."""

import numpy as np
import pytest

from auscult.kernel.words import TenantId
from auscult.signals import Decoded, Intake, Registry, Rings, SeriesLimits, decode_write
from auscult.signals.remote_write import version1
from auscult.signals.series.pages import Page, Pages
from tests.unit.signals.sink import NOW_MS, ONE
from tests.unit.signals.wire import MEDIA_1, Body, One, label_set, pack

TWO = TenantId("two")
SMALL = SeriesLimits(per_tenant=400, per_process=400)


def body_of(numbers: range, at_ms: int, *, zeros: int = 3, name: str = "m") -> Body:
    """Return one sample for each number; its value is 0 where `zeros` divides it."""
    return Body(
        [
            One(label_set(f"{name}{n}", job="a" * (1 + n % 60)), [(at_ms, float(n % zeros))])
            for n in numbers
        ]
    )


def decode(
    registry: Registry, body: Body, *, now_ms: int = NOW_MS, tenant: TenantId = ONE
) -> Decoded:
    book = registry.book(tenant)
    packed = pack(body.version1())
    return decode_write(packed, MEDIA_1, book=book, now_ms=now_ms, max_bytes=1 << 20)


def names(registry: Registry, decoded: Decoded) -> list[str]:
    return [dict(registry.labels_of(slot))["__name__"] for slot in decoded.slots.tolist()]


@pytest.mark.parametrize("first", [0, 7, 150])
def test_a_body_that_goes_on_as_before_is_not_cut_into_series(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(SMALL)
    for numbers in (range(200), range(200, 300)):
        decode(registry, body_of(numbers, NOW_MS))
    monkeypatch.setattr(version1, "parse_series", None)
    monkeypatch.setattr(version1, "_recognise", None)
    numbers = range(first, 300)
    decoded = decode(registry, body_of(numbers, NOW_MS + 1))
    assert names(registry, decoded) == [f"m{n}" for n in numbers]
    assert decoded.value.tolist() == [n % 3 for n in numbers]
    assert set(decoded.at_ms.tolist()) == {NOW_MS + 1}


@pytest.mark.parametrize("zeros", [2, 50, 10_000])
def test_values_that_become_zero_or_cease_to_be_are_read_right(zeros: int) -> None:
    registry = Registry(SMALL)
    for turn, which in enumerate([3, zeros, 3, zeros]):
        decoded = decode(registry, body_of(range(300), NOW_MS + turn, zeros=which))
        assert decoded.value.tolist() == [n % which for n in range(300)]
        assert decoded.slots.tolist() == list(range(300))
        assert set(decoded.at_ms.tolist()) == {NOW_MS + turn}


LABELS = label_set("odd", job="a")
ODD = {
    "several": One(LABELS, [(NOW_MS, 2.0), (NOW_MS + 1, 3.0)]),
    "zeros": One(LABELS, [(NOW_MS, 0.0), (NOW_MS + 1, 0.0)]),
    "unsorted": One(LABELS[::-1], [(NOW_MS, 2.0)]),
    "empty label": One([*LABELS, ("x", "")], [(NOW_MS, 2.0)]),
    "exemplar": One(LABELS, [(NOW_MS, 2.0)], exemplars=1),
    "early": One(LABELS, [(1, 2.0)]),
    "none": One(LABELS),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_a_series_of_another_form_between_others_is_read_in_full_every_time(odd: One) -> None:
    registry = Registry(SMALL)
    before, after = body_of(range(50), NOW_MS).series, body_of(range(50, 100), NOW_MS).series
    samples = [(float(n % 3)) for n in range(100)]
    samples[50:50] = [value for _, value in odd.samples]
    for _ in range(4):
        decoded = decode(registry, Body([*before, odd, *after]))
        assert decoded.value.tolist() == samples
        assert decoded.exemplars == odd.exemplars


@pytest.mark.parametrize("job", ["b", "b" * 10, "b" * 19])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_series_in_the_place_of_another_is_not_taken_for_it(job: str, value: float) -> None:
    registry = Registry(SMALL)
    around = body_of(range(100), NOW_MS).series
    for known in (False, True):
        one = One(label_set("in_between", job="a" * 10), [(NOW_MS, 1.0)])
        decode(registry, Body([*around[:50], one, *around[50:]]))
        other = One(label_set("in_between", job=job), [(NOW_MS, value)])
        for _ in range(2):
            decoded = decode(registry, Body([*around[:50], other, *around[50:]]))
            found = dict(registry.labels_of(int(decoded.slots[50])))["job"]
            assert (found, decoded.value[50], known) == (job, value, known)


def test_a_value_whose_last_bytes_look_like_an_omitted_zero_is_followed_right() -> None:
    registry = Registry(SMALL)
    tricky = float(np.frombuffer(b"\x01\x02\x03\x04\x05\x06\x12\x07", dtype="<f8")[0])
    around = body_of(range(100), NOW_MS).series
    for value in (1.0, tricky, tricky, 1.0):
        one = One(label_set("tricky"), [(NOW_MS, value)])
        decoded = decode(registry, Body([*around[:50], one, *around[50:]]))
        assert decoded.value[50] == value


def test_of_series_that_were_given_up_no_page_tells_any_longer() -> None:
    """Some series of a body go on; the slots of the others now belong to somebody else."""
    registry = Registry(SMALL)
    intake = Intake(registry, Rings(registry.capacity))
    decode(registry, body_of(range(300), NOW_MS))
    later = NOW_MS + registry.limits.idle_ms + 1
    registry.book(ONE).touch(np.arange(100, dtype=np.int32), now_ms=later)
    assert intake.evict_idle(ONE, now_ms=later) == 200
    decode(registry, body_of(range(200), later, name="other"), now_ms=later, tenant=TWO)
    decoded = decode(registry, body_of(range(200), later), now_ms=later)
    assert {registry.tenant_of(slot) for slot in decoded.slots.tolist()} == {ONE}
    assert names(registry, decoded) == [f"m{n}" for n in range(200)]


def test_a_slot_that_was_given_to_another_series_is_not_found_by_an_old_page() -> None:
    registry = Registry(SMALL)
    intake = Intake(registry, Rings(registry.capacity))
    decode(registry, body_of(range(300), NOW_MS))
    later = NOW_MS + registry.limits.idle_ms + 1
    assert intake.evict_idle(ONE, now_ms=later) == 300
    decode(registry, body_of(range(150), later, name="other"), now_ms=later, tenant=TWO)
    decoded = decode(registry, body_of(range(200), later), now_ms=later)
    assert {registry.tenant_of(slot) for slot in decoded.slots.tolist()} == {ONE}
    assert names(registry, decoded) == [f"m{n}" for n in range(200)]


def test_tenants_who_send_the_same_bodies_have_their_own_series() -> None:
    registry = Registry(SMALL)
    for _ in range(2):
        slots = [
            decode(registry, body_of(range(100), NOW_MS), tenant=tenant).slots.tolist()
            for tenant in (ONE, TWO)
        ]
        assert slots == [list(range(100)), list(range(100, 200))]


def page_of(slots: range) -> Page:
    column = np.array(slots, dtype=np.int32)
    return Page([b""] * len(slots), column, column, b"", column, column)


def test_pages_that_say_nothing_new_or_little_are_given_up() -> None:
    pages = Pages(np.zeros(100_000, dtype=np.int64))
    pages.keep(page_of(range(1_000)), series=1_000)
    pages.keep(page_of(range(1_000)), series=1_000)
    assert len(pages) == 1
    for first in range(1_000, 60_000, 1_000):
        pages.keep(page_of(range(first, first + 1_000)), series=10)
    assert len(pages) == 20
    assert pages.find(500) is None
    found = pages.find(59_003)
    assert found is not None
    assert found[1] == 3
    pages.clear()
    assert pages.find(59_003) is None
