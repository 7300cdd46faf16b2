"""What is said of a verdict, in words a person reads at night."""

from auscult.performance.bottlenecks.blame import Raised, Verdict
from auscult.performance.bottlenecks.journeys.places import PlaceKind
from auscult.performance.bottlenecks.load.queues import Queue

_NAMED_MAX = 3
_SECOND_FROM = 0.9995


def say_verdict(verdict: Verdict, *, now_ms: int, unanswered: float = 0.0) -> str:
    """Return the sentence; unanswered: the share of calls without an answer, 0 to 1."""
    parts = []
    if verdict.place is not None:
        parts.append(_say_place(verdict.place, unanswered))
    if verdict.queue is not None:
        parts.append(_say_queue(verdict.queue, now_ms, is_alone=verdict.place is None))
    if verdict.waiting:
        verb = "waits" if len(verdict.waiting) == 1 else "wait"
        parts.append(f"{_list(verdict.waiting)} only {verb} for it")
    return "; ".join(parts)


def say_seconds(value_s: float) -> str:
    """Return a time with two figures: `0.91 s`, `12 ms`."""
    if value_s >= _SECOND_FROM:
        return f"{value_s:.2f} s" if value_s < 10 else f"{value_s:.0f} s"  # noqa: PLR2004  # two figures
    if value_s >= 0.1:  # noqa: PLR2004  # as above
        return f"{value_s:.2f} s"
    return f"{value_s * 1e3:.2g} ms" if value_s else "0 s"


def _say_place(place: Raised, unanswered: float) -> str:
    now, usual = say_seconds(place.mean_s), say_seconds(place.usual_s)
    name, about = place.service, place.about
    if place.lag_s:
        late = f"{name} reads answers late: its event loop lags {say_seconds(place.lag_s)} more"
        return f"{late}; calls to {about} seem to take {now}, usually {usual}"
    if place.kind is PlaceKind.WORK:
        where = f"{name} ({about[:60]})" if about else name
        return f"{where} adds {now} to each request, usually {usual}"
    if place.kind is PlaceKind.CALL:
        return f"calls of {name} to what makes no spans ({about[:60]}) take {now}, usually {usual}"
    if place.kind is PlaceKind.LINK:
        return f"the way from {about} to {name} adds {now} to each call, usually {usual}"
    if place.kind is PlaceKind.WAIT:
        return f"what {about} hands on waits {now} before {name} takes it up, usually {usual}"
    return f"{name} leaves {unanswered:.0%} of what {about} sends it without an answer"


def _say_queue(queue: Queue, now_ms: int, *, is_alone: bool) -> str:
    lasts_s = max(now_ms - queue.full_since_ms, 0) / 1e3
    size = f"{queue.depth:.0f} of {queue.capacity:.0f}" if queue.capacity else f"{queue.depth:.0f}"
    word = "is full" if queue.capacity else "grows"
    whose = f"the queue of {queue.service}" if is_alone else "its queue"
    limits = f": {queue.service} limits what gets through" if is_alone else ""
    return f"{whose} {word} ({size} for {lasts_s:.0f} s){limits}"


def _list(names: tuple[str, ...]) -> str:
    if len(names) > _NAMED_MAX:
        return f"{', '.join(names[:_NAMED_MAX])} and {len(names) - _NAMED_MAX} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
