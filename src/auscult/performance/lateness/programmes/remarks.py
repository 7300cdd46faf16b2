"""What is said of a programme that is later than usual: where, since when, and by which stage."""

from collections.abc import Iterator

from auscult.detection.remarks import Curve, Remark
from auscult.kernel.findings import Breakdown, Part
from auscult.kernel.words import Severity
from auscult.performance.lateness.programmes.programme import Programme
from auscult.performance.lateness.programmes.way import Delay, find_delays, hop_of, split_way
from auscult.performance.lateness.taps import Course, Tap

LATE, LATE_AT_EAR = "latency", "latency_at_the_ear"
NAME_CHARS = 60


def remark_on(programme: Programme) -> Iterator[Remark]:
    """Say everything that holds now: one remark for each stage that adds latency.

    The first speaks of the programme, so that it stays the same one where a later probe tells that
    another stage is behind it. What only the ear hears late is said of taps at the end of the way.
    """
    delays = find_delays(programme)
    for number, delay in enumerate(delays):
        yield _of_stage(programme, delay, is_first=number == 0)
    last = max((hop_of(tap) for tap in programme.taps.values()), default=0)
    for tap in programme.taps.values():
        if hop_of(tap) == last and _is_late_at_ear_only(programme, tap):
            yield _of_ear(programme, tap)


def breakdown_of(programme: Programme, tap: Tap) -> Breakdown | None:
    """Return the latency at `tap` by stage, with the player's buffer where the ear is known."""
    split = split_way(programme, tap)
    parts = [
        Part(name=f"{one.begin[:NAME_CHARS]} → {one.end[:NAME_CHARS]}", value=round(one.delay_s, 3))
        for one in split.parts
    ]
    ear_s, here_s = tap.ear.now_s, programme.course_of(tap).now_s
    if programme.is_compared and ear_s is not None and here_s is not None:
        parts.append(Part(name="player's buffer", value=round(ear_s - here_s, 3)))
    return Breakdown(title="Latency by stage", unit="s", parts=tuple(parts)) if parts else None


def _of_stage(programme: Programme, delay: Delay, *, is_first: bool) -> Remark:
    course, root = programme.course_of(delay.end), delay.root.stream
    since_ms = programme.course_of(delay.root).late_since_ms
    now_s, usual = course.now_s or 0.0, course.past.usual
    level_s = usual.level_s if usual else 0.0
    name, end = programme.name[:NAME_CHARS], delay.end.stream.name[:NAME_CHARS]
    by = "" if programme.is_compared else " by its own timestamps"
    sentence = (
        f"{name} arrives {now_s:.1f} s late at {end}{by}, usual is {level_s:.1f} s; "
        f"{delay.added_s:.1f} s more than usual come from between {delay.begin[:NAME_CHARS]} "
        f"and {root.name[:NAME_CHARS]}"
    )
    return Remark(
        about=programme.name if is_first else f"{programme.name} at {root.name}",
        signal=LATE,
        subject=root.subject,
        since_ms=since_ms or course.last_ms,
        severity=Severity.WARNING,
        sentence=sentence,
        now=round(now_s, 3),
        labels=_labels(programme, delay.root),
        curve=_curve(course),
        breakdown=breakdown_of(programme, delay.end),
    )


def _of_ear(programme: Programme, tap: Tap) -> Remark:
    course = tap.ear
    now_s, usual = course.now_s or 0.0, course.past.usual
    sentence = (
        f"Who has listened to {programme.name[:NAME_CHARS]} at {tap.stream.name[:NAME_CHARS]} since"
        f" before a stall hears it {now_s:.1f} s late, usual is {usual.level_s if usual else 0:.1f}"
        " s; it arrives in time again"
    )
    return Remark(
        about=f"{programme.name} at {tap.stream.name}",
        signal=LATE_AT_EAR,
        subject=tap.stream.subject,
        since_ms=course.late_since_ms or course.last_ms,
        severity=Severity.INFO,
        sentence=sentence,
        now=round(now_s, 3),
        labels=_labels(programme, tap),
        curve=_curve(course),
        breakdown=breakdown_of(programme, tap),
    )


def _is_late_at_ear_only(programme: Programme, tap: Tap) -> bool:
    in_time = programme.course_of(tap).late_since_ms is None
    is_late = tap.ear.late_since_ms is not None and tap.ear.now_s is not None
    return is_late and not tap.ear.is_ending and in_time


def _curve(course: Course) -> Curve:
    at_ms, value = course.curve()
    usual = course.past.usual
    if usual is None:
        return Curve(at_ms, value, "s")
    low_s = max(0.0, 2 * usual.level_s - usual.high_s)
    return Curve(at_ms, value, "s", usual_low=round(low_s, 3), usual_high=round(usual.high_s, 3))


def _labels(programme: Programme, tap: Tap) -> tuple[tuple[str, str], ...]:
    stream = tap.stream
    named = {"programme": programme.name, "stream": stream.name, "vantage": stream.vantage}
    return tuple(sorted({**dict(stream.labels), **named}.items()))
