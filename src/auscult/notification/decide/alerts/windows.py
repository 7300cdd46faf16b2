"""Maintenance windows of a calendar as silences: made, kept as they are, or ended.

Each event is one silence, known by the calendar's name and the event, so that reading the calendar
again changes only what has changed in it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from auscult.kernel.alerts import Silence
from auscult.kernel.matchers import Matcher
from auscult.notification.decide.alerts.silences import end
from auscult.notification.oncall.schedule import Event

WINDOW, EVENT = "window", "event"
"""Annotations by which a silence is known: of which calendar it is, and for which event."""


@dataclass(frozen=True, slots=True)
class Windows:
    """What follows from a calendar: silences to be written, those that have ended among them."""

    made: tuple[Silence, ...]
    ended: tuple[Silence, ...]
    kept: int


def plan_windows(  # noqa: PLR0913  # a calendar, what it is for, and what is known
    events: Sequence[Event],
    known: Iterable[Silence],
    *,
    name: str,
    matchers: tuple[Matcher, ...],
    by: str,
    now_ms: int,
    new_id: Callable[[], str],
) -> Windows:
    """Return what is to be written so that the events of the calendar `name` mute, and no others.

    What is over is left alone.
    """
    wanted = {f"{one.uid}:{one.from_ms}": one for one in events if one.to_ms > now_ms}
    mine: dict[str, Silence] = {}
    ended: list[Silence] = []
    for silence in known:
        told = dict(silence.annotations)
        if told.get(WINDOW) != name or silence.ends_ms <= now_ms:
            continue
        event = wanted.get(told.get(EVENT, ""))
        if event is not None and event.to_ms == silence.ends_ms and silence.matchers == matchers:
            mine[told[EVENT]] = silence
        else:
            ended.append(end(silence, now_ms))
    made = tuple(
        Silence(
            id=new_id(),
            matchers=matchers,
            starts_ms=max(event.from_ms, now_ms),
            ends_ms=event.to_ms,
            updated_ms=now_ms,
            created_by=by,
            comment=event.person,
            annotations=((EVENT, key), (WINDOW, name)),
        )
        for key, event in wanted.items()
        if key not in mine
    )
    return Windows(made, tuple(ended), len(mine))
