import pytest

from auscult.kernel.errors import SampleRefused, SeriesCapReached
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.words import TenantId
from auscult.signals import Kind, Registry, SeriesLimits
from auscult.signals.series import query
from auscult.signals.series.kinds import kind_of_name
from tests.unit.signals.wire import label_set

ONE, TWO = TenantId("one"), TenantId("two")
SMALL = SeriesLimits(per_tenant=5, per_process=8, new_per_minute=4)


def test_the_same_labels_are_the_same_slot_only_within_a_tenant() -> None:
    registry = Registry(SMALL)
    labels = label_set("up", job="a")
    first = registry.slot(ONE, labels, now_ms=0)
    assert registry.slot(ONE, reversed(labels), now_ms=0) == first
    other = registry.slot(TWO, labels, now_ms=0)
    assert other != first
    assert (registry.tenant_of(first), registry.tenant_of(other)) == (ONE, TWO)
    assert registry.labels_of(other) == labels
    assert (registry.count(ONE), registry.count(TWO), len(registry)) == (1, 1, 2)


def test_a_tenant_s_new_series_are_capped_per_minute_and_known_ones_go_on() -> None:
    registry = Registry(SMALL)
    for n in range(4):
        registry.slot(ONE, label_set(f"m{n}"), now_ms=59_999)
    with pytest.raises(SeriesCapReached, match="minute"):
        registry.slot(ONE, label_set("m4"), now_ms=59_999)
    assert registry.slot(ONE, label_set("m0"), now_ms=59_999) == 0
    assert registry.slot(TWO, label_set("m4"), now_ms=59_999) == 4
    assert registry.slot(ONE, label_set("m4"), now_ms=60_000) == 5
    assert registry.refused(ONE).by_rate == 1
    assert registry.refused(ONE).total == 1


def test_a_capped_series_is_counted_once_however_often_it_comes() -> None:
    registry = Registry(SMALL)
    for n in range(5):
        registry.slot(ONE, label_set(f"m{n}"), now_ms=60_000 * n)
    for name in ("a", "b", "a", "a"):
        with pytest.raises(SeriesCapReached):
            registry.slot(ONE, label_set(name), now_ms=600_000)
    assert (registry.capped(ONE), registry.capped(TWO)) == (2, 0)
    assert registry.refused(ONE).by_cap == 4
    registry.retire([0])
    registry.slot(ONE, label_set("a"), now_ms=600_000)
    assert registry.capped(ONE) == 1, "it has a place now"


def test_a_tenant_s_series_are_capped_and_so_are_all_together() -> None:
    registry = Registry(SMALL)
    for n in range(5):
        registry.slot(ONE, label_set(f"m{n}"), now_ms=60_000 * n)
    with pytest.raises(SeriesCapReached, match="5 series of one"):
        registry.slot(ONE, label_set("more"), now_ms=600_000)
    for n in range(3):
        registry.slot(TWO, label_set(f"m{n}"), now_ms=600_000)
    with pytest.raises(SeriesCapReached):
        registry.slot(TWO, label_set("m3"), now_ms=600_000)
    assert registry.refused(ONE).by_cap == 1
    assert registry.refused(TWO).by_cap == 1


def test_bad_labels_are_counted_for_their_tenant() -> None:
    registry = Registry(SMALL)
    with pytest.raises(SampleRefused):
        registry.slot(ONE, [("no", "name")], now_ms=0)
    assert registry.refused(ONE).by_labels == 1
    assert registry.refused(TWO).total == 0


def test_a_freed_slot_goes_to_another_series_with_a_new_generation() -> None:
    registry = Registry(SMALL)
    labels = label_set("old_total")
    slot = registry.slot(ONE, labels, now_ms=0)
    registry.retire([slot])
    assert registry.labels_of(slot) == ()
    assert registry.find(ONE, (), limit=10).slots == ()
    assert registry.slot(TWO, label_set("new"), now_ms=0) == slot
    assert registry.generation_of(slot) == 1
    assert registry.kind_of(slot) is Kind.UNKNOWN
    assert registry.tenant_of(slot) == TWO
    assert registry.slot(ONE, labels, now_ms=0) != slot


@pytest.mark.parametrize(
    ("name", "types", "kind"),
    [
        ("x_total", {}, Kind.COUNTER),
        ("x_bucket", {}, Kind.COUNTER),
        ("x", {}, Kind.UNKNOWN),
        ("x", {"x": "gauge"}, Kind.GAUGE),
        ("x", {"x": "counter"}, Kind.COUNTER),
        ("x_total", {"x_total": "gauge"}, Kind.GAUGE),
        ("x_total", {"x": "counter"}, Kind.COUNTER),
        ("x_total", {"x": "gauge"}, Kind.COUNTER),
        ("x_sum", {"x": "summary"}, Kind.COUNTER),
        ("x", {"x": "summary"}, Kind.GAUGE),
        ("x_bucket", {"x": "gaugehistogram"}, Kind.GAUGE),
        ("x_total", {"x_total": "unknown"}, Kind.COUNTER),
        ("x", {"x": "untyped"}, Kind.UNKNOWN),
    ],
)
def test_a_declared_type_wins_over_the_suffix(name: str, types: dict[str, str], kind: Kind) -> None:
    assert kind_of_name(name, types) is kind


def test_a_type_learnt_later_changes_the_series_that_are_there() -> None:
    registry = Registry()
    requests = registry.slot(ONE, label_set("requests", job="a"), now_ms=0)
    depth = registry.slot(ONE, label_set("depth_total"), now_ms=0)
    usual = registry.slot(ONE, label_set("usual_total"), now_ms=0)
    foreign = registry.slot(TWO, label_set("requests"), now_ms=0)
    book = registry.book(ONE)
    changed = book.learn({"requests": "counter", "depth_total": "gauge", "usual_total": "counter"})
    assert sorted(changed.tolist()) == [requests, depth]
    assert registry.kind_of(requests) is Kind.COUNTER
    assert registry.kind_of(depth) is Kind.GAUGE
    assert registry.kind_of(usual) is Kind.COUNTER
    assert registry.kind_of(foreign) is Kind.UNKNOWN
    assert book.learn({"requests": "gauge"}).tolist() == []
    assert registry.kind_of(registry.slot(ONE, label_set("requests", job="b"), now_ms=0)) == 2


def test_series_are_found_by_matchers_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    for n in range(10):
        registry.slot(ONE, label_set("up", instance=f"i{n}", trap='job="b"'), now_ms=0)
        registry.slot(TWO, label_set("up", instance=f"i{n}"), now_ms=0)
    every = (parse_matcher("__name__=up"),)
    first = registry.find(ONE, every, limit=4)
    assert first.slots == (0, 2, 4, 6)
    assert first.next_cursor == 8
    rest = registry.find(ONE, every, cursor=8, limit=100)
    assert rest.slots == (8, 10, 12, 14, 16, 18)
    assert rest.next_cursor is None
    regex = (parse_matcher("instance=~i[3-5]"), parse_matcher("instance!=i4"))
    assert registry.find(TWO, regex, limit=9).slots == (7, 11)
    assert registry.find(ONE, (parse_matcher('job=""'),), limit=1).slots == (0,)
    assert registry.find(ONE, (parse_matcher("job=b"),), limit=1).slots == ()
    monkeypatch.setattr(query, "EXAMINED_MAX", 3)
    bounded = registry.find(ONE, (parse_matcher("instance=i9"),), limit=1)
    assert (bounded.slots, bounded.next_cursor) == ((), 6)
