"""One tap of a programme: its ear, alone and beside the source, and what is wrong here now."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from auscult.detection.remarks import Clip
from auscult.kernel.sounds import Heard, Sound, Stream, Unheard, Why
from auscult.performance.hearing import Ear, Kind, Verdict
from auscult.performance.hearing.comparison import Comparison
from auscult.performance.hearing.figures.blocks import STEP_S
from auscult.performance.quality.faults import (
    FORM_CHANGE,
    LASTS_MS,
    LOST_SOUND,
    UNHEARD,
    Fault,
    fault_of,
)
from auscult.performance.quality.memory import LoudnessCurve, Recent

KEPT_S, SOURCE_KEPT_S = 12.0, 40.0
CLIP_MS, CLIP_AFTER_MS = 2_000, 1_500
OVERDUE_SHARE, OVERDUE_MS = 1.5, 3_000
"""A stream is not heard where the next stretch is later than this share of the last one's length,
and the grace; a player's buffer is seldom longer."""

LOST_HELD_MS, FORM_HELD_MS = 10_000, 60_000
CRACKLE_LEARNT_MS = 30_000
"""So long is heard how often a stream clicks (or does where its source does not: a noise gate opens
as steeply) before a click is told: one that crackles from its beginning is so as usual."""

Faults = dict[str, Fault]


@dataclass(slots=True)
class Tap:
    """What is known of one stream. Memory is bounded: 2 MB of sound, 8 MB at the source."""

    stream: Stream
    met_ms: int
    seen_ms: int = 0
    curve: LoudnessCurve = field(default_factory=LoudnessCurve)
    _ear: Ear | None = None
    _pair: Comparison | None = None
    _recent: Recent | None = None
    _fed_ms: float = 0.0
    _source_ms: float | None = None
    _source_place_ms: float = 0.0
    _pair_ms: float = 0.0
    _last_ms: int = 0
    _last_s: float = 0.0
    _alone: Faults = field(default_factory=dict)
    _beside: Faults = field(default_factory=dict)
    _lost: Fault | None = None
    _lost_ms: int = 0
    _change: Fault | None = None
    _trouble: Unheard | None = None

    @property
    def form(self) -> tuple[int, int] | None:
        """Rate in Hz and channels; None before anything was heard."""
        return None if self._ear is None else (self._ear.grid.rate_hz, self._ear.grid.channels)

    def take(self, found: Heard | Unheard, now_ms: int) -> None:
        """Take in a stretch, or why there is none."""
        self.seen_ms = now_ms
        if isinstance(found, Unheard):
            self._miss(found)
        elif len(found.samples):
            self._hear(found)

    def accompany(self, source_form: tuple[int, int] | None) -> bool:
        """Begin to compare with a source of this form, where that can be; say whether it is so."""
        if self._pair is not None or source_form is None or self.form is None:
            return self._pair is not None
        (source_hz, source_channels), (rate_hz, channels) = source_form, self.form
        if channels != source_channels:
            return False
        self._pair = Comparison(rate_hz, channels, source_hz=source_hz)
        self._pair_ms, self._source_ms = self._fed_ms, None
        return True

    def hear_source(self, heard: Heard, ends_ms: float) -> None:
        """Take in a stretch of the source, ahead of the stream's own; ends_ms: on its own count."""
        if self._pair is None:
            return
        grid = self._pair.source_grid
        if (grid.rate_hz, grid.channels) != (heard.rate_hz, heard.samples.shape[1]):
            self._part()
            return
        if not heard.follows and self._source_ms is not None:
            self._part()
            return
        if self._source_ms is None:
            self._source_ms = heard.arrived_ms - 1_000 * heard.duration_s
            self._source_place_ms = ends_ms - 1_000 * heard.duration_s
        for sound in _steps(heard):
            self._pair.hear_source(sound)

    def faults(self, now_ms: int, *, late_ms: float = 0.0) -> Faults:
        """Return what is wrong here now, by signal: beside the source where one is there.

        late_ms: by how much whoever looks is late, for then sound may be there that was not taken.
        """
        if (down := self._down(now_ms, late_ms)) is not None:
            self._lost = None  # pieces that are missing around it are the same trouble
            return {UNHEARD: down}
        found = dict(self._beside if self.is_compared else self._alone)
        # One piece may be missing because the stream is about to stop: then that is told.
        goes_on = now_ms - self._lost_ms <= LOST_HELD_MS
        if self._lost is not None and goes_on and now_ms - self._lost.since_ms >= LASTS_MS:
            found[LOST_SOUND] = self._lost
        if self._change is not None and now_ms - self._change.since_ms <= FORM_HELD_MS:
            found[FORM_CHANGE] = self._change
        return found

    @property
    def is_compared(self) -> bool:
        """Whether it is known where in the source the stream is."""
        return self._pair is not None and self._pair.delay_ms is not None

    @property
    def latency_ms(self) -> float | None:
        """By how much the last stretch came later than its sound left the source; None if unknown.

        Both times are those of arrival at the probe, so the clocks of the platform play no part.
        """
        if self._source_ms is None or (passed_ms := self._passed_ms(self._fed_ms)) is None:
            return None
        return self._last_ms - (self._source_ms + passed_ms)

    @property
    def heard_ms(self) -> float:
        """How much sound this tap's ear has heard since it began."""
        return self._fed_ms

    def source_place_ms(self, place_ms: float) -> float | None:
        """Return where on the source's count the sound at a place is; None if unknown."""
        passed_ms = self._passed_ms(place_ms)
        return None if passed_ms is None else self._source_place_ms + passed_ms

    def clip(self, place_ms: float, title: str) -> Clip | None:
        """Return two seconds around a place, None where they are not held."""
        if self._recent is None:
            return None
        end_ms = min(place_ms + CLIP_AFTER_MS, self._recent.end_ms)
        sound = self._recent.cut(end_ms - CLIP_MS, end_ms)
        return None if sound is None else Clip(title, sound)

    def _passed_ms(self, place_ms: float) -> float | None:
        """Return how much of the source came before a place, since it has been listened to."""
        if self._pair is None or self._pair.delay_ms is None:
            return None
        return place_ms - self._pair_ms - self._pair.delay_ms

    def _hear(self, heard: Heard) -> None:
        form = (heard.rate_hz, heard.samples.shape[1])
        if self._ear is None or not heard.follows or form != self.form:
            self._begin(heard, form)
        assert self._ear is not None
        assert self._recent is not None
        self._last_ms, self._last_s, self._trouble = heard.arrived_ms, heard.duration_s, None
        began_ms = heard.arrived_ms - 1_000 * heard.duration_s
        length_ms = 0.0
        for sound in _steps(heard):
            length_ms += sound.length_ms
            self._recent.add(sound.samples)
            self._fed_ms += sound.length_ms
            # A stretch that came at once is heard one piece after the other, up to its arrival.
            at_ms = began_ms + length_ms
            self._note(self._alone, self._ear.hear(sound), began_ms=0.0, now_ms=at_ms)
            self.curve.add(at_ms, self._ear.readings.momentary_lufs)
            if self._pair is not None:
                said = self._pair.hear(sound)
                self._note(self._beside, said, began_ms=self._pair_ms, now_ms=at_ms)
        _forget(self._alone, {str(kind) for kind in self._ear.open_kinds})
        if self._pair is not None:
            _forget(self._beside, {str(kind) for kind in self._pair.open_kinds})

    def _begin(self, heard: Heard, form: tuple[int, int]) -> None:
        """Begin an ear of its own for what does not follow, or comes in another form."""
        before = self.form
        if before is not None and before != form:
            told = f"comes as {_words(form)} now, before as {_words(before)}"
            self._change = Fault(FORM_CHANGE, heard.arrived_ms, told)
        self._ear = Ear(*form)
        self._recent = Recent(form[0], keep_s=SOURCE_KEPT_S if self.stream.is_source else KEPT_S)
        self._fed_ms = 0.0
        self._alone.clear()
        self._part()

    def _part(self) -> None:
        """Compare no more; `accompany` begins anew."""
        self._pair, self._source_ms = None, None
        self._beside.clear()

    def _note(
        self, faults: Faults, verdicts: list[Verdict], *, began_ms: float, now_ms: float
    ) -> None:
        """Keep verdicts of who began to count at `began_ms`; what was fed is heard at `now_ms`."""
        for verdict in verdicts:
            place_ms = began_ms + verdict.since_ms
            if verdict.kind is Kind.CLICKS and verdict.since_ms < CRACKLE_LEARNT_MS:
                continue
            since_ms = now_ms - (self._fed_ms - place_ms)
            faults[str(verdict.kind)] = fault_of(verdict, since_ms=since_ms, place_ms=place_ms)

    def _miss(self, unheard: Unheard) -> None:
        if unheard.why is Why.ENDED:
            return
        self._trouble = unheard
        if self._last_ms:
            if unheard.at_ms - self._lost_ms > LOST_HELD_MS or self._lost is None:
                sentence = f"a piece could not be heard: {unheard.why}: {unheard.detail}"
                self._lost = Fault(LOST_SOUND, unheard.at_ms, sentence)
            self._lost_ms = unheard.at_ms

    def _down(self, now_ms: int, late_ms: float) -> Fault | None:
        last_ms = self._last_ms or self.met_ms
        if now_ms - last_ms <= OVERDUE_SHARE * 1_000 * self._last_s + OVERDUE_MS + late_ms:
            return None
        why = self._trouble
        told = f"{why.why}: {why.detail}" if why else "nothing comes"
        return Fault(UNHEARD, last_ms, f"cannot be heard: {told}")


def _steps(heard: Heard) -> Iterator[Sound]:
    """Yield a stretch, however long, in steps that an ear takes and that are soon forgotten."""
    step = round(STEP_S * heard.rate_hz)
    for begin in range(0, len(heard.samples), step):
        yield Sound(heard.samples[begin : begin + step], heard.rate_hz)


def _words(form: tuple[int, int]) -> str:
    rate_hz, channels = form
    return f"{rate_hz / 1_000:g} kHz with {channels} channel{'s' if channels > 1 else ''}"


def _forget(faults: Faults, going_on: set[str]) -> None:
    for signal in faults.keys() - going_on:
        del faults[signal]
