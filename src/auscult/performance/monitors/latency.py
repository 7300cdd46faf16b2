"""How late is the sound, which stage makes it so, and how do plays go?

With a probe at the source tap (hop 0) and probes behind it, latency is measured on the programme's
own sound, at every tap, without a marker; where there is no source tap, by the stream's own
timestamps. What is later than it used to be is told with the stage that added it. Players' events
become scores, and alarms for audiences of any size.
"""

from dataclasses import dataclass, field

from pydantic import Field

from auscult.detection.remarks import Remark
from auscult.kernel.sounds import Heard, Stream, Why
from auscult.performance.experience import Experience, PlayWatch, Teller
from auscult.performance.experience.standing import stand as stand_plays
from auscult.performance.lateness.programmes import (
    KeptTaps,
    Lateness,
    Programme,
    keep_taps,
    remark_on,
    resume_taps,
    stand,
)
from auscult.performance.port import Memory, Monitor, View
from auscult.performance.turned_away import TurnedAway

PROGRAMMES_MAX = 32
PROBES_MAX = 64
"""Probes that are measured at one look, of 10 to 20 ms each; the others wait for the next."""


class Latency(Monitor):
    """End-to-end latency by stage, and the playback experience.

    Needs probes of the same programme at its source (hop 0) and behind it, or streams that state
    when their sound was made; and what players report, for the scores and alarms of plays.
    """

    player_buffer_s: float = Field(default=2.0, gt=0, le=60)
    """What a player holds before it begins: the model by which latency at the ear is told."""
    history_s: float = Field(default=120.0, ge=20, le=600)
    """Kept of each source; sound that is later than half of it is not found."""

    def begin(self) -> "LatencyLookout":
        """Return the memory for a tenant of whom nothing is known yet."""
        return LatencyLookout(self.player_buffer_s, self.history_s)

    def resume(self, memory: Memory, *, now_ms: int) -> "LatencyLookout":
        """Return one that knows what is usual at each tap; raises `pydantic.ValidationError`."""
        lookout = self.begin()
        lookout.resume(KeptTaps.model_validate(memory), now_ms)
        return lookout


@dataclass(frozen=True, slots=True)
class ProgrammeStanding:
    """One programme: how late it is, and how its plays go; None where nothing tells."""

    programme: str
    lateness: Lateness | None
    experience: Experience | None


@dataclass(slots=True)
class LatencyLookout:
    """What is known of one tenant's programmes and plays."""

    player_buffer_s: float = 2.0
    history_s: float = 120.0
    turned_away: TurnedAway = field(
        default_factory=lambda: TurnedAway("latency is measured of", PROGRAMMES_MAX)
    )
    _programmes: dict[str, Programme] = field(default_factory=dict)
    _plays: PlayWatch = field(default_factory=PlayWatch)
    _teller: Teller = field(default_factory=Teller)
    _experience: tuple[Experience, ...] = ()
    _standing: tuple[ProgrammeStanding, ...] = ()
    _looked_ms: int = 0

    def look(self, view: View) -> list[Remark]:
        """Take in what came, and return everything that holds now."""
        self._looked_ms = view.now_ms
        for stream, heard in view.sounds:
            if isinstance(heard, Heard):
                self._hear(stream, heard, view.now_ms)
            elif heard.why is Why.LEFT and (known := self._programmes.get(stream.programme)):
                known.leave(stream)
        self._measure()
        self._forget(view.now_ms / 1e3)
        self._plays.take(view.plays, view.now_ms)
        troubles = self._plays.look(view.now_ms)
        if troubles is not None:
            self._experience = stand_plays(self._plays.table, view.now_ms)
        self._standing = self._stand()
        late = [remark for one in self._programmes.values() for remark in remark_on(one)]
        away = self.turned_away.remarks(view.now_ms)
        return [*late, *away, *self._teller.tell(self._plays, troubles, view.now_ms)]

    def keep(self) -> Memory:
        """Return what is usual at each tap, and what is late; of plays nothing is kept."""
        kept = keep_taps(self._programmes.values(), self._looked_ms)
        return kept.model_dump(mode="json")

    def resume(self, kept: KeptTaps, now_ms: int) -> None:
        """Know again what was usual at each tap."""
        names = dict.fromkeys(one.stream.programme for one in kept.taps)
        for name in list(names)[:PROGRAMMES_MAX]:
            self._programmes[name] = Programme(name, self.player_buffer_s, self.history_s)
        resume_taps(kept, self._programmes, now_ms=now_ms)

    def standing(self) -> tuple[ProgrammeStanding, ...]:
        """Return how each programme stood at the last look, by name; for any thread.

        How plays go is reckoned every ten seconds.
        """
        return self._standing

    def _stand(self) -> tuple[ProgrammeStanding, ...]:
        late = {name: stand(one) for name, one in self._programmes.items()}
        heard = {one.programme: one for one in self._experience}
        return tuple(
            ProgrammeStanding(name, late.get(name), heard.get(name))
            for name in sorted({*late, *heard})
        )

    def _hear(self, stream: Stream, heard: Heard, now_ms: int) -> None:
        known = self._programmes.get(stream.programme)
        if known is None and len(self._programmes) < PROGRAMMES_MAX:
            known = Programme(stream.programme, self.player_buffer_s, self.history_s)
            self._programmes[stream.programme] = known
        if known is None:
            self.turned_away.note(stream.programme, now_ms)
        else:
            known.hear(stream, heard)

    def _measure(self) -> None:
        due = [
            (programme, tap) for programme in self._programmes.values() for tap in programme.due()
        ]
        due.sort(key=lambda one: one[1].waiting_since_s)
        for programme, tap in due[:PROBES_MAX]:
            tap.measure(programme.source())

    def _forget(self, now_s: float) -> None:
        gone = [name for name, one in self._programmes.items() if one.forget(now_s)]
        for name in gone:
            del self._programmes[name]
