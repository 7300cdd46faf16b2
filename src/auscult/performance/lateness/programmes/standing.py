"""How late a programme is now, at each of its taps: for a page, as plain data."""

from dataclasses import dataclass

from auscult.performance.lateness.programmes.programme import Programme
from auscult.performance.lateness.programmes.way import hop_of, split_way
from auscult.performance.lateness.stages import Split
from auscult.performance.lateness.taps import Tap


@dataclass(frozen=True, slots=True)
class TapLateness:
    """One tap. Latencies in seconds behind the source, None where not known.

    delivery_s: as it arrives. ear_s: as a listener with a buffer hears it. stated_s: as the
    stream's own timestamps say. unknown_share: of the recent probes that gave none. why_unknown: of
    the last probe, empty where it gave one. shift: seconds of programme for a second of its clock,
    less one. last_ms: when a latency was last known, 0 for never.
    """

    name: str
    hop: int | None
    delivery_s: float | None
    ear_s: float | None
    stated_s: float | None
    usual_s: float | None
    is_late: bool
    unknown_share: float
    why_unknown: str
    last_ms: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """One programme. is_compared: whether it has a source tap; else only timestamps speak.

    split: of the way to the farthest tap of which a latency is known. refused: stretches of sound
    that could not be taken.
    """

    programme: str
    is_compared: bool
    taps: tuple[TapLateness, ...]
    split: Split
    refused: int

    @property
    def delivery_s(self) -> float | None:
        """At the farthest tap that is known."""
        return self.split.total_s if self.split.parts else None

    @property
    def ear_s(self) -> float | None:
        """At the ear of a listener of the farthest tap where that is known."""
        known = [tap.ear_s for tap in self.taps if tap.ear_s is not None]
        return known[-1] if known else None

    @property
    def unknown_share(self) -> float:
        """The share of the recent probes, 0 to 1, that gave no latency; the mean of all taps."""
        shares = [tap.unknown_share for tap in self.taps]
        return sum(shares) / len(shares) if shares else 0.0


def stand(programme: Programme) -> Lateness:
    """Return how late a programme is now, its taps in the order of the way."""
    taps = sorted(programme.taps.values(), key=lambda tap: (hop_of(tap), tap.stream.name))
    known = [tap for tap in taps if programme.course_of(tap).now_s is not None]
    return Lateness(
        programme=programme.name,
        is_compared=programme.is_compared,
        taps=tuple(_stand(programme, tap) for tap in taps),
        split=split_way(programme, known[-1]) if known else Split((), ()),
        refused=programme.refused,
    )


def _stand(programme: Programme, tap: Tap) -> TapLateness:
    course = programme.course_of(tap)
    usual = course.past.usual
    return TapLateness(
        name=tap.stream.name,
        hop=tap.stream.hop,
        delivery_s=tap.delivery.now_s,
        ear_s=tap.ear.now_s,
        stated_s=tap.stated.now_s,
        usual_s=usual.level_s if usual else None,
        is_late=course.late_since_ms is not None,
        unknown_share=tap.track.unknown_share,
        why_unknown=tap.unknown.value if tap.unknown else "",
        last_ms=course.last_ms,
    )
