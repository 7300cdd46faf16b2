"""Of what is slow the cause is blamed, not who waits for it."""

from itertools import pairwise

from auscult.performance.bottlenecks.blame import Raised, Verdict, find_explained, lay_blame
from auscult.performance.bottlenecks.episodes import KEPT_MS, Episodes
from auscult.performance.bottlenecks.journeys.graph import FORGOTTEN_MS, CallGraph
from auscult.performance.bottlenecks.journeys.places import PlaceKind
from auscult.performance.bottlenecks.load.queues import Queue
from auscult.performance.bottlenecks.sentences import say_seconds, say_verdict
from tests.unit.performance.bottlenecks.telling import NOW_MS

WORK, LINK, WAIT = PlaceKind.WORK, PlaceKind.LINK, PlaceKind.WAIT
SILENCE, CALL = PlaceKind.SILENCE, PlaceKind.CALL


def raised(kind: PlaceKind, service: str, added_s: float = 1.0, about: str = "GET") -> Raised:
    return Raised(
        row=1,
        kind=kind,
        service=service,
        about=about,
        mean_s=added_s + 0.02,
        usual_s=0.02,
        since_ms=NOW_MS,
        evidence=20.0,
    )


def chain(*services: str) -> CallGraph:
    graph = CallGraph()
    graph.add(pairwise(services), now_ms=NOW_MS)
    return graph


WAY = chain("edge", "package", "encode", "store")


def blamed(*places: Raised, full: tuple[Queue, ...] = ()) -> list[str]:
    return [one.service for one in lay_blame(places, full, WAY)]


def test_the_slow_callee_is_blamed_and_not_its_waiting_callers() -> None:
    (verdict,) = lay_blame(
        [raised(WORK, "edge"), raised(WORK, "encode", 0.9), raised(LINK, "package", about="edge")],
        [],
        WAY,
    )
    assert (verdict.service, verdict.waiting) == ("encode", ("edge", "package"))


def test_a_small_slowness_below_explains_no_large_one_above() -> None:
    assert blamed(raised(WORK, "package", 2.0), raised(WORK, "store", 0.1)) == ["package", "store"]


def test_a_slow_way_is_the_cause_where_nobody_at_its_ends_is_slow() -> None:
    (verdict,) = lay_blame([raised(LINK, "package", 0.5, about="edge")], [], WAY)
    said = say_verdict(verdict, now_ms=NOW_MS)
    assert said.startswith("the way from edge to package adds 0.52 s to each call, usually 20 ms")


def test_a_busy_caller_reads_its_answers_late_and_is_blamed_for_its_ways() -> None:
    busy = raised(WORK, "edge", 0.6)
    assert blamed(busy, raised(LINK, "package", 1.0, about="edge")) == ["edge"]
    lightly = raised(WORK, "edge", 0.1)
    assert blamed(lightly, raised(LINK, "package", 1.0, about="edge")) == ["package"]


def test_a_caller_whose_event_loop_lags_is_blamed_for_its_ways() -> None:
    way = raised(LINK, "package", 0.6, about="edge")
    loops = {"edge": 0.31, "package": 0.002}
    (verdict,) = lay_blame([way], [], WAY, lag_s=loops)
    assert verdict.service == "edge"
    assert say_verdict(verdict, now_ms=NOW_MS) == (
        "edge reads answers late: its event loop lags 0.31 s more; "
        "calls to package seem to take 0.62 s, usually 20 ms"
    )
    slightly = raised(WORK, "package", 0.05)
    both = lay_blame([way, slightly], [], WAY, lag_s=loops)
    assert [one.service for one in both] == ["edge", "package"], "the one that adds the most first"
    (verdict,) = lay_blame([way], [], WAY, lag_s={"edge": 0.31, "package": 0.6})
    assert verdict.service == "package"
    (verdict,) = lay_blame([way], [], WAY, lag_s={"edge": 0.01})
    assert verdict.service == "package"


def test_queues_before_a_slow_stage_are_why_of_nothing() -> None:
    assert blamed(raised(WAIT, "package", 3.0, about="edge"), raised(WORK, "package", 1.0)) == [
        "package"
    ]
    assert blamed(raised(WAIT, "package", 3.0, about="edge"), raised(WORK, "encode", 1.0)) == [
        "encode"
    ]


def test_two_causes_that_have_nothing_to_do_with_each_other_are_two() -> None:
    assert blamed(raised(WORK, "package", 2.0), raised(WORK, "mail", 1.0)) == ["package", "mail"]


def test_services_that_call_each_other_do_not_excuse_each_other() -> None:
    graph = chain("a", "b", "a")
    places = [raised(WORK, "a", 1.0), raised(WORK, "b", 0.8)]
    assert [one.service for one in lay_blame(places, [], graph)] == ["a"]


def test_what_waits_is_explained_by_anything_below_it_that_may_be_slow() -> None:
    way, above = raised(LINK, "package", 9.0, about="edge"), raised(WORK, "package", 9.0)
    suspect = raised(WORK, "store", 0.5)
    assert find_explained([way, above], [suspect], WAY) == [way]
    assert find_explained([way, above], [raised(WORK, "store", 1.0)], WAY) == [way, above]
    assert find_explained([suspect], [way], WAY) == []


def full(service: str) -> Queue:
    return Queue(service, depth=16, capacity=16, full_since_ms=NOW_MS - 12_000)


def test_the_last_full_queue_on_the_way_limits_what_gets_through() -> None:
    (verdict,) = lay_blame([raised(WORK, "edge")], [full("package"), full("encode")], WAY)
    assert (verdict.service, verdict.place, verdict.waiting) == ("encode", None, ("edge",))
    said = say_verdict(verdict, now_ms=NOW_MS)
    assert said == (
        "the queue of encode is full (16 of 16 for 12 s): encode limits what gets through; "
        "edge only waits for it"
    )


def test_a_full_queue_of_who_is_blamed_already_is_one_more_thing_to_say() -> None:
    (verdict,) = lay_blame([raised(WORK, "encode")], [full("package"), full("encode")], WAY)
    assert say_verdict(verdict, now_ms=NOW_MS) == (
        "encode (GET) adds 1.02 s to each request, usually 20 ms; "
        "its queue is full (16 of 16 for 12 s)"
    )


def test_every_kind_of_place_has_its_words() -> None:
    for kind, words in (
        (WAIT, "what GET hands on waits 1.02 s before encode takes it up"),
        (CALL, "calls of encode to what makes no spans (GET) take 1.02 s"),
        (SILENCE, "encode leaves 97% of what GET sends it without an answer"),
    ):
        verdict = Verdict("encode", raised(kind, "encode"), None, ("a", "b", "c", "d", "e"))
        said = say_verdict(verdict, now_ms=NOW_MS, unanswered=0.97)
        assert said.startswith(words)
        assert said.endswith("a, b, c and 2 more only wait for it")
    assert [say_seconds(one) for one in (0.0, 0.0025, 0.5, 9.0, 61.2)] == [
        *("0 s", "2.5 ms", "0.50 s", "9.00 s", "61 s"),
    ]


def verdict(service: str, *waiting: str) -> Verdict:
    return Verdict(service, raised(WORK, service), None, waiting)


def test_the_story_stays_one_while_the_blame_moves() -> None:
    episodes = Episodes()
    (first,) = episodes.name([verdict("package", "edge")], now_ms=NOW_MS)
    (moved,) = episodes.name([verdict("encode", "package", "edge")], now_ms=NOW_MS + 1_000)
    assert (first[0], moved[0]) == ("package", "package")
    both = episodes.name([verdict("encode"), verdict("package")], now_ms=NOW_MS + 2_000)
    assert len({about for about, _, _ in both}) == 2
    swapped = episodes.name([verdict("encode"), verdict("package")], now_ms=NOW_MS + 3_000)
    assert [(about, one.service) for about, _, one in swapped][1] == ("package", "package")
    later = episodes.name([verdict("encode")], now_ms=NOW_MS + 3_000 + KEPT_MS)
    assert later[0][0] == "encode"


def test_the_graph_forgets_what_is_no_longer_seen() -> None:
    graph = chain("a", "b", "c")
    assert graph.order(["c", "a", "b"]) == ["a", "b", "c"]
    graph.add([("a", "b")], now_ms=NOW_MS + FORGOTTEN_MS)
    graph.forget(NOW_MS + FORGOTTEN_MS + 1)
    assert graph.edges == [("a", "b")]
    assert graph.below("a") == {"b"}
