"""The way of the sound to each tap, the delay split by its stages, and where a delay was added."""

from dataclasses import dataclass, replace

from auscult.performance.lateness.programmes.programme import Programme
from auscult.performance.lateness.stages import Split, split_stages
from auscult.performance.lateness.taps import Course, Tap

TAPS_ON_WAY = 30
"""Of a longer way only the end is told."""
ENDING_MS = 15_000
"""So long after its cause a tap behind it may still have its last probes to go."""
LAST = 1 << 30
"""The hop of a tap of which only is known that it lies at the end."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Latency that was added between two taps of one programme, more than usual.

    begin: the name of the tap before, from which on it is later; root: the first tap that hears it;
    end: the tap behind it where it is worst. added_s: by how much the root is later than usual,
    less what the tap before is.
    """

    begin: str
    root: Tap
    end: Tap
    added_s: float


def hop_of(tap: Tap) -> int:
    """Return how far along the way a tap lies."""
    return LAST if tap.stream.hop is None else tap.stream.hop


def way_to(programme: Programme, tap: Tap) -> tuple[Tap, ...]:
    """Return the taps that the sound passes on its way to `tap`, this one last.

    Of several at one hop (renditions, edges, vantages) it is the one with which `tap` has most
    labels in common, its vantage included; of those the first by name.
    """
    hops: dict[int, list[Tap]] = {}
    for other in programme.taps.values():
        if hop_of(other) < hop_of(tap):
            hops.setdefault(hop_of(other), []).append(other)
    chosen = [
        min(others, key=lambda other: (-_kinship(other, tap), other.stream.name))
        for _, others in sorted(hops.items())
    ]
    return (*chosen, tap)


def split_way(programme: Programme, tap: Tap) -> Split:
    """Return the delay from the source to `tap` by stage; it adds up to that tap's latency."""
    taps = [(one.stream.name, programme.course_of(one).now_s) for one in way_to(programme, tap)]
    return split_stages(programme.source_name, taps[-TAPS_ON_WAY:])


def find_delays(programme: Programme) -> list[Delay]:
    """Return where latency was added that is not usual, the most first.

    Where a late tap has a late one before it on its way, it is late because of that; unless it is
    later still, by more than what is usual for it. One that has just ended ends with its cause.
    """
    late = [tap for tap in programme.taps.values() if _is_late(programme.course_of(tap))]
    found: dict[str, Delay] = {}
    for tap in sorted(late, key=hop_of):
        passed = way_to(programme, tap)[:-1]
        if any(_has_just_ended(programme, one, programme.course_of(tap)) for one in passed):
            continue
        causes = [found[one.stream.name] for one in passed if one.stream.name in found]
        begin, added_s = _added(programme, tap)
        if not causes or _adds_itself(programme, tap, causes[-1].root):
            found[tap.stream.name] = Delay(begin, tap, tap, added_s)
        elif hop_of(tap) > hop_of(causes[-1].end):
            found[causes[-1].root.stream.name] = replace(causes[-1], end=tap)
    return sorted(found.values(), key=lambda one: (-one.added_s, one.root.stream.name))


def _is_late(course: Course) -> bool:
    """Whether it is told; what ends is not, though it may yet turn out to go on.

    Nor is what was late before a restart and was not probed since.
    """
    is_late = course.late_since_ms is not None and course.now_s is not None
    return is_late and not course.is_ending


def _has_just_ended(programme: Programme, passed: Tap, course: Course) -> bool:
    before = programme.course_of(passed)
    return before.is_ending or course.last_ms - before.ended_ms < ENDING_MS


def _added(programme: Programme, tap: Tap) -> tuple[str, float]:
    """Return the last tap before of which a latency is known, and what was added since there."""
    begin, before_s = programme.source_name, 0.0
    for passed in way_to(programme, tap)[:-1]:
        course = programme.course_of(passed)
        if course.now_s is not None and course.past.usual is not None:
            begin, before_s = passed.stream.name, course.added_s
    return begin, programme.course_of(tap).added_s - max(before_s, 0.0)


def _adds_itself(programme: Programme, tap: Tap, cause: Tap) -> bool:
    """Whether a late tap is later than what caused that, whichever of their last probes is right.

    The taps are not probed at the same moment: while a delay comes or goes, one is ahead.
    """
    course = programme.course_of(tap)
    usual = course.past.usual
    least_s, most_s = course.bounds_s[0], programme.course_of(cause).bounds_s[1]
    return usual is not None and least_s - most_s > usual.high_s - usual.level_s


def _kinship(one: Tap, other: Tap) -> int:
    shared = {*one.stream.labels} & {*other.stream.labels}
    return len(shared) + (one.stream.vantage == other.stream.vantage)
