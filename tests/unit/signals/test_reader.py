import math
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_classic

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, SeriesCapReached
from auscult.kernel.words import Labels
from auscult.signals import Kind, Registry
from auscult.signals.exposition import Scraped, ScrapeReader
from auscult.signals.exposition.reader import KNOWN_MS_MAX
from tests.unit.signals.sink import NOW_MS, ONE, SMALL

CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Said = dict[Labels, float]


class Target:
    """A reader over a registry, and how often a series was asked for by its labels."""

    def __init__(self, **labels: str) -> None:
        self.registry = Registry(SMALL)
        self.asked = 0
        self.full = False
        self.reader = ScrapeReader(self.slot_of, labels)

    def slot_of(self, labels: Labels, kind: Kind) -> int:
        self.asked += 1
        if self.full:
            raise SeriesCapReached
        return self.registry.slot(ONE, labels, kind=kind, now_ms=NOW_MS)

    def read(self, text: str | bytes, media: str = CLASSIC, at_ms: int = NOW_MS) -> Scraped:
        body = text if isinstance(text, bytes) else text.encode()
        return self.reader.read(body, media, at_ms=at_ms)

    def said(self, scraped: Scraped) -> Said:
        slots = [self.registry.labels_of(slot) for slot in scraped.slots.tolist()]
        return dict(zip(slots, scraped.value.tolist(), strict=True))


@pytest.fixture
def target() -> Target:
    return Target()


def by_oracle(text: str, media: str) -> Said:
    """The same by prometheus_client's own parser."""
    read: Any = read_open if media == OPEN else read_classic
    return {
        tuple(sorted(pair for pair in {**s.labels, "__name__": s.name}.items() if pair[1])): s.value
        for family in read(text)
        for s in family.samples
        if not s.name.endswith("_created") or s.name == "odd_created"
    }


def real_text(media: str) -> str:
    registry = CollectorRegistry()
    plays = Counter("plays", 'Says "hello"\\n', ["who"], registry=registry)
    for who in ("a", 'quote " here', "back\\slash", "line\nfeed", "b}race, {", "é", " # {", ""):
        plays.labels(who).inc(2.5)
    depth = Gauge("depth", "d", registry=registry)
    depth.set(-1.5e-7)
    Gauge("odd_created", "not a time", registry=registry).set(3)
    Gauge("no", "n", registry=registry).set(math.inf)
    took = Histogram("took_seconds", "t", ["stage"], registry=registry)
    took.labels("x").observe(0.3, {"trace_id": "ab}c"} if media == OPEN else None)
    Summary("size_bytes", "s", registry=registry).observe(7)
    generate: Any = generate_open if media == OPEN else generate_latest
    return str(generate(registry).decode())


@pytest.mark.parametrize("media", [CLASSIC, OPEN])
def test_real_texts_say_what_the_client_library_s_parser_says(target: Target, media: str) -> None:
    text = real_text(media)
    wanted = by_oracle(text, media)
    assert len(wanted) > 25
    for _ in range(2):
        assert target.said(target.read(text, media)) == wanted


@pytest.mark.parametrize(("media", "looking_like_exemplars"), [(CLASSIC, 0), (OPEN, 1)])
def test_a_text_seen_before_asks_for_no_series(
    target: Target, media: str, looking_like_exemplars: int
) -> None:
    text = real_text(media)
    first = target.read(text, media)
    asked = target.asked
    assert asked == len(first.slots)
    again = target.read(text, media)
    assert target.asked == asked + looking_like_exemplars
    assert again.slots.tolist() == first.slots.tolist()
    target.read(text, media, at_ms=NOW_MS + KNOWN_MS_MAX + 1)
    assert target.asked == 2 * asked + looking_like_exemplars


def test_types_make_counters(target: Target) -> None:
    target.read("# TYPE a counter\na 1\n# TYPE b_total gauge\nb_total 1\nc_total 1\nd 1\n")
    kinds = [target.registry.kind_of(slot) for slot in range(4)]
    assert kinds == [Kind.COUNTER, Kind.GAUGE, Kind.COUNTER, Kind.UNKNOWN]


def test_timestamps_are_milliseconds_or_seconds(target: Target) -> None:
    classic = target.read("a 1 1700000000123\nb 2\n")
    assert classic.at_ms.tolist() == [1_700_000_000_123, NOW_MS]
    assert classic.dated.tolist() == [True, False]
    seconds = target.read("a 1 1700000000.1235\nb 2\n# EOF\n", OPEN)
    assert seconds.at_ms.tolist() == [1_700_000_000_124, NOW_MS]


def test_target_labels_are_added_and_what_they_hide_is_exported() -> None:
    target = Target(job="stage", instance="h:1")
    target.read('up2{job="own",exported_job="x",instance=""} 1\n')
    assert target.registry.labels_of(0) == (
        ("__name__", "up2"),
        ("exported_exported_job", "own"),
        ("exported_job", "x"),
        ("instance", "h:1"),
        ("job", "stage"),
    )
    honest = ScrapeReader(target.slot_of, {"job": "stage"}, honor_labels=True)
    honest.read(b'up2{job="own"} 1\n', CLASSIC, at_ms=NOW_MS)
    assert dict(target.registry.labels_of(1))["job"] == "own"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a 1\nb\n", 2),
        ("a x\n", 1),
        ("a 1_0\n", 1),
        ("a 1 2 3\n", 1),
        ("a 1 1.5\n", 1),
        ("a 1 99999999999999999999\n", 1),
        ('a{b="c" 1\n', 1),
        ('a{b="c"d="e"} 1\n', 1),
        ('a{,b="c"} 1\n', 1),
        ("a{b=c} 1\n", 1),
        ('a{b="c\n"} 1\n', 1),
        ("1a 1\n", 1),
        ('{a="b"} 1\n', 1),
        ("ok 1\n# TYPE a nonsense\n", 2),
        ("# TYPE a\n", 1),
        ("\n\na\xff 1\n", 3),
    ],
)
def test_malformed_text_is_refused_with_its_line(target: Target, text: str, line: int) -> None:
    with pytest.raises(BodyMalformed) as refused:
        target.read(text.encode("latin-1"))
    assert refused.value.position == line


@pytest.mark.parametrize(
    "text", ["a 1\n", "", "a 1\n# EOF\nb 1\n", "# EOF\n# TYPE a counter\n", "a 1 inf\n# EOF\n"]
)
def test_open_metrics_ends_with_eof_and_nothing_follows(target: Target, text: str) -> None:
    with pytest.raises(BodyMalformed):
        target.read(text, OPEN)


def test_classic_text_may_be_written_loosely(target: Target) -> None:
    text = '  a  { b = "c" , }  1 \t 5\n\n# anything\n#\na_b:c\t+Inf\nd{} NaN\r\n'
    said = target.said(target.read(text))
    assert said[("__name__", "a"), ("b", "c")] == 1
    assert said[(("__name__", "a_b:c"),)] == math.inf
    assert math.isnan(said[(("__name__", "d"),)])


def test_bombs_are_counted_and_the_rest_is_taken(target: Target) -> None:
    huge = 'a{b="' + "x" * 10_000_000 + '"} 1\n'
    long = 'a{b="' + "x" * 100_000 + '"} 1\n'
    many = "a{" + ",".join(f'l{n}="1"' for n in range(100)) + "} 1\n"
    twice = 'a{b="1",b="2"} 1\n'
    scraped = target.read(huge + long + many + twice + "good 1\n")
    assert target.said(scraped) == {(("__name__", "good"),): 1.0}
    assert (scraped.refused_labels, scraped.scraped) == (4, 5)


def test_series_beyond_the_cap_are_counted_and_tried_again(target: Target) -> None:
    target.read("a 1\n")
    target.full = True
    scraped = target.read("a 1\nb 1 5\nc 1\n")
    assert (len(scraped.slots), scraped.refused_cap, scraped.scraped) == (1, 2, 3)
    assert scraped.dated.tolist() == [False]
    target.full = False
    assert len(target.read("a 1\nb 1\nc 1\n").slots) == 3


def test_too_many_samples_are_refused_whole() -> None:
    target = Target()
    reader = ScrapeReader(target.slot_of, {}, samples_max=2)
    with pytest.raises(BodyTooLarge):
        reader.read(b"a 1\nb 1\nc 1\n", CLASSIC, at_ms=NOW_MS)
