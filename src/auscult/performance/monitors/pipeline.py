"""Bottlenecks: the stage of the pipeline that adds the latency, or limits what gets through."""

from collections.abc import Iterable

from pydantic import Field

from auscult.detection.remarks import Curve, Remark
from auscult.kernel.words import Severity, Subject
from auscult.performance.bottlenecks import (
    BottleneckWatch,
    Episodes,
    Standing,
    Verdict,
    say_verdict,
)
from auscult.performance.bottlenecks.journeys.places import PlaceKind
from auscult.performance.port import Lookout, Monitor, View

SIGNAL = "bottleneck"
MADE_ANEW_MS = 5_000
UNANSWERED_MOST = 0.5
_SCORE_PER_EVIDENCE = 0.87  # 2 / ln 10: evidence is a sum of normal scores less their drift
_SCORE_MAX = 30.0


class Pipeline(Monitor):
    """Names the stage that adds the latency or limits the throughput of a pipeline.

    It learns from spans how long each operation of each service takes by itself, how long the ways
    between services take, and how long work waits between stages; from gauges of queues, how full
    these are. It speaks when one of them takes at least twice as long as usual, for longer than it
    ever did by itself, and whole requests feel it. Needs spans by OTLP with the parents in them, or
    gauges of a queue's depth and capacity. Two minutes after the first spans of an operation it
    knows enough to judge it.
    """

    quiet_s: float = Field(default=10.0, ge=0)

    def begin(self) -> "PipelineLookout":
        """Return the memory for a tenant of whom nothing is known yet."""
        return PipelineLookout()


class PipelineLookout(Lookout):
    """One tenant's bottlenecks."""

    def __init__(self) -> None:
        self._watch = BottleneckWatch()
        self._episodes = Episodes()
        self._made: dict[str, tuple[int, str, Remark]] = {}

    def look(self, view: View) -> Iterable[Remark]:
        """Take in what came, and return every bottleneck that there is now."""
        verdicts = self._watch.look(list(view.spans), view.names, view.series, now_ms=view.now_ms)
        named = self._episodes.name(verdicts, now_ms=view.now_ms)
        remarks = [
            self._remark(about, since_ms, verdict, now_ms=view.now_ms)
            for about, since_ms, verdict in named
        ]
        self._made = {about: self._made[about] for about, _, _ in named}
        return remarks

    def standing(self) -> Standing:
        """Return rates, own times, failures and load of each service, and who calls whom."""
        return self._watch.standing()

    def _remark(self, about: str, since_ms: int, verdict: Verdict, *, now_ms: int) -> Remark:
        """Make a remark, or return the one of some seconds ago about the same."""
        known = self._made.get(about)
        if known and now_ms - known[0] < MADE_ANEW_MS and known[1] == verdict.service:
            return known[2]
        remark = self._make(about, since_ms, verdict, now_ms=now_ms)
        self._made[about] = (now_ms, verdict.service, remark)
        return remark

    def _make(self, about: str, since_ms: int, verdict: Verdict, *, now_ms: int) -> Remark:
        watch, place = self._watch, verdict.place
        if place is None:
            return Remark(
                about=about,
                signal=SIGNAL,
                subject=Subject(service=verdict.service),
                since_ms=since_ms,
                severity=Severity.WARNING,
                sentence=say_verdict(verdict, now_ms=now_ms),
                now=verdict.queue.fill if verdict.queue else None,
                labels=(("service", verdict.service),),
            )
        low_s, high_s = watch.usual(place.row)
        at_ms, value = watch.recent.curve(place.row)
        unanswered = 0.0
        if place.kind is PlaceKind.SILENCE:
            unanswered = watch.ways.share_taking_time(place.row, since_ms=place.since_ms)
        return Remark(
            about=about,
            signal=SIGNAL,
            subject=Subject(service=verdict.service),
            since_ms=since_ms,
            severity=Severity.CRITICAL if unanswered >= UNANSWERED_MOST else Severity.WARNING,
            sentence=say_verdict(verdict, now_ms=now_ms, unanswered=unanswered),
            score=min(_SCORE_PER_EVIDENCE * place.evidence, _SCORE_MAX),
            now=place.mean_s,
            labels=_labels(verdict),
            curve=Curve(at_ms, value, "s", low_s, high_s),
            breakdown=watch.ways.break_down(
                place.row,
                places=watch.places,
                graph=watch.graph,
                names=watch.names,
                since_ms=place.since_ms,
            ),
            trace_id=watch.ways.slow_trace(place.row),
        )


def _labels(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Return what tells this place from others: the service, and its operation or its caller."""
    place = verdict.place
    about = place.about if place else ""
    is_own = place is not None and place.kind in {PlaceKind.WORK, PlaceKind.CALL}
    kind, of = place.kind.name.lower() if place else "queue", "operation" if is_own else "caller"
    if place is not None and place.lag_s:
        kind, of = "event_loop", "called"
    pairs = {"service": verdict.service, "place": kind, of: about}
    return tuple(sorted((key, text) for key, text in pairs.items() if text))
