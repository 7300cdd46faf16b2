"""A stream beside its source: the same programme from earlier in the pipeline."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from auscult.kernel.sounds import Sound
from auscult.performance.hearing.comparison.absence import Absence
from auscult.performance.hearing.comparison.alignment import Fit, Reference, follow, search
from auscult.performance.hearing.comparison.ceiling import Ceiling
from auscult.performance.hearing.comparison.hiss import Hiss
from auscult.performance.hearing.comparison.pairs import Levels, Pair
from auscult.performance.hearing.comparison.pieces import Pieces
from auscult.performance.hearing.comparison.place import Wow
from auscult.performance.hearing.comparison.resampling import Resampler
from auscult.performance.hearing.comparison.spectra import Carried
from auscult.performance.hearing.comparison.strays import Strays
from auscult.performance.hearing.figures.blocks import STEP_S, Block, Blocks, Grid, measure, median
from auscult.performance.hearing.figures.spectrum import look
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict, open_kinds

DELAY_MAX_S = 30.0
LOUD_DB = -45.0
HELD_MAX = 16_000_000
"""Samples of the source that are held at most (64 MB); stereo at 48 kHz takes 13 MB for 35 s."""
WORSE = 0.15
JUMP_MS, STEADY_MS = 4.0, 2.0
OFF_BLOCKS = 2
WAITING_MAX = 8
BETTER = 0.1
TRUSTED_S = 5.0
"""A place that fitted for so long, and stood still, was the right one: then another is a skip, not
a mistake. Tones fit at many places, and wander among them."""

HALF_FITS = 0.5
SURE, GIVE_UP_S = 0.85, 5.0
"""A place is first taken at a correlation of 0.85; of what never fits so well, after 5 s."""


class Comparison:
    """Hears what a stream has lost or gained against its source.

    The source may come at another rate, must have as many channels, and must be fed ahead of the
    stream or at least as far; the delay is unknown, may be up to 30 s
    (less above 64 MB of source) and may drift. Where nothing
    of the source is found, nothing but `wrong_programme` can be said, and that only after a while.
    """

    def __init__(self, rate_hz: int, channels: int, *, source_hz: int, start_ms: int = 0) -> None:
        """Prepare; BodyMalformed where rates or channels are out of range."""
        self.grid = Grid(rate_hz, channels)
        self.source_grid = Grid(source_hz, channels)
        self._resampler = Resampler(source_hz, rate_hz, channels)
        held_s = min(DELAY_MAX_S + 5.0, HELD_MAX / (rate_hz * channels))
        self._reference = Reference(self.grid, held_s)
        self._blocks = Blocks(self.grid, start_ms)
        self._waiting: deque[Block] = deque()
        self._recent = np.zeros((channels, 0), dtype=np.float32)
        self.delay: int | None = None
        self._off = 0
        self._settled = False
        self._tried_s = self._placed_s = 0.0
        self._source_age_s = 0.0
        self._usual_quality = 0.0
        self._absence, self._levels, self._ceiling = Absence(), Levels(), Ceiling()
        self._carried, self._hiss, self._wow = Carried(self.grid), Hiss(self.grid), Wow()
        self._strays, self._pieces = Strays(self.grid), Pieces(self.grid)
        self._jump = Alarm(Kind.SKIP, need_s=0.0)
        self._wrong = Alarm(Kind.WRONG_PROGRAMME, need_s=4.0)
        every = (
            *(self._absence, self._levels, self._ceiling),
            *(self._carried, self._hiss, self._wow, self._strays),
        )
        self._alarms = [alarm for one in every for alarm in one.alarms]
        self._alarms += [self._jump, self._wrong]

    def hear_source(self, sound: Sound) -> None:
        """Take in the next chunk of the source.

        Raises:
            BodyMalformed: another rate or shape than announced, or samples that are no numbers.
            BodyTooLarge: more than two minutes at once.
        """
        self.source_grid.check(sound)
        self._reference.push(self._resampler.push(np.ascontiguousarray(sound.samples.T)))
        self._source_age_s = 0.0

    def hear(self, sound: Sound) -> list[Verdict]:
        """Take in the next chunk of the stream; return what became wrong; raises as above."""
        self.grid.check(sound)
        found: list[Verdict] = []
        for block in self._blocks.push(sound.samples):
            self._waiting.append(block)
            for alarm in self._alarms:
                alarm.age(STEP_S)
            while self._waiting and self._has_source(self._waiting[0]):
                found += map(self._pieces.weigh, self._take(self._waiting.popleft()))
        return found

    def _has_source(self, block: Block) -> bool:
        """Whether the source of a block has come; after 4 s it is not waited for any longer."""
        if self.delay is None or len(self._waiting) >= WAITING_MAX:
            return True
        end = block.start - self.delay + self.grid.size + self.grid.hop // 10
        return end <= self._reference.end

    @property
    def open_kinds(self) -> frozenset[Kind]:
        """What is wrong now against the source; single events count for 5 s (clicks for 8).

        What could not be compared for half a minute (no source, another programme) is not claimed.
        """
        return open_kinds(self._alarms)

    @property
    def delay_ms(self) -> float | None:
        """By how much the stream lags behind the source on their own counts; None if unknown."""
        return None if self.delay is None else 1000.0 * self.delay / self.grid.rate_hz

    def _take(self, block: Block) -> Iterator[Verdict]:
        self._recent = np.concatenate([self._recent, block.samples], axis=1)[
            :, -2 * self.grid.size :
        ]
        self._source_age_s += STEP_S
        fit = self._follow(block)
        self._off = self._off + 1 if fit is not None and self._is_off(fit) else 0
        if fit is None and self.delay is not None:
            self._await_source(block, self.delay)
        elif fit is None or self._off >= OFF_BLOCKS:
            yield from self._search(block, fit)
        elif self._off:
            yield from self._compare(block, fit, sure=False)
        else:
            yield from self._compare(block, fit)

    def _follow(self, block: Block) -> Fit | None:
        if self.delay is None:
            return None
        return follow(self._reference, block.samples, start=block.start, delay=self.delay)

    def _await_source(self, block: Block, delay: int) -> None:
        """Without the source's piece, what is held elsewhere may sound alike, and says nothing.

        What is too old to be held will not come any more: the place is then searched anew.
        """
        if block.start - delay < self._reference.begin + self.grid.size:
            self.delay, self._settled = None, False

    def _is_off(self, fit: Fit) -> bool:
        if np.isnan(fit.quality).all():
            return False
        least = self._usual_quality - WORSE if self._settled else SURE
        return quality_of(fit) < max(0.3, least)

    def _search(self, block: Block, fit: Fit | None) -> Iterator[Verdict]:
        at_ms = block.time_ms(block.start)
        if block.level_db < LOUD_DB:
            return
        start = block.start + self.grid.size - self._recent.shape[1]
        # A splice within the last second spoils it: the last half second alone may be found.
        latest = self._recent[:, -self.grid.size :]
        found = None
        for recent, first in ((latest, block.start), (self._recent, start)):
            found = search(self._reference, recent, start=first, near=self.delay)
            if found is None and self.delay is not None:
                found = search(self._reference, recent, start=first, near=None)
            if found is not None:
                break
        if found is None:
            bad = (self._should_be_held(fit) and not self._wavers(fit)) or None
            if self._wrong.feed(at_ms, bad=bad, step_s=STEP_S):
                yield self._say(
                    self._wrong,
                    block,
                    measured=0.0,
                    words=("s", "another programme than its source"),
                )
            if fit is not None and not self._wrong.is_open:
                yield from self._compare(block, fit, sure=False)
            return
        self._wrong.feed(at_ms, bad=False, step_s=STEP_S)
        yield from self._move(block, found, fit)

    def _wavers(self, fit: Fit | None) -> bool:
        """Whether it is the source after all, whose pitch wavers so much that no second fits."""
        return self._wow.is_open and quality_of(fit) > HALF_FITS

    def _should_be_held(self, fit: Fit | None) -> bool:
        """Whether what the stream plays must be in the source that is held, wherever it is.

        A stream that lags by 10 s begins with what was played before the source was listened to.
        """
        if self.delay is not None:
            return fit is not None
        held = self._reference.end - self._reference.begin
        enough = min(round(DELAY_MAX_S * self.grid.rate_hz), self._reference.size)
        return held >= enough and self._source_age_s <= WAITING_MAX * STEP_S

    def _move(self, block: Block, found: int, old: Fit | None) -> Iterator[Verdict]:
        before, self.delay = self.delay, found
        fit = self._follow(block)
        quality = quality_of(fit)
        self._tried_s += STEP_S
        unsure = not self._settled and quality < SURE and self._tried_s < GIVE_UP_S
        if fit is None or unsure or quality < quality_of(old) + BETTER:
            self.delay = before
            if old is not None:
                yield from self._compare(block, old, sure=False)
            return
        early, self._off = max(0, self._off - 1), 0
        known = fit.off[~np.isnan(fit.off)]
        off = median(known) if known.size else 0.0
        self.delay += round(off)
        if before is not None:
            yield from self._say_jump(block, self.delay - before, early)

    def _say_jump(self, block: Block, frames: int, early: int = 0) -> Iterator[Verdict]:
        jump_ms = 1000.0 * frames / self.grid.rate_hz
        if abs(jump_ms) < JUMP_MS:
            return
        self._wow.jump()
        trusted, self._placed_s = self._placed_s >= TRUSTED_S, 0.0
        if not trusted:
            return
        began_ms = block.time_ms(block.start - early * self.grid.size)
        self._jump.kind = Kind.REPEAT if jump_ms > 0 else Kind.SKIP
        if self._jump.feed(began_ms, bad=True, step_s=STEP_S):
            what = "were played again" if jump_ms > 0 else "were left out"
            words = ("ms", f"{abs(jump_ms):.0f} ms of its source {what}")
            yield self._say(self._jump, block, measured=jump_ms, words=words)

    def _compare(self, block: Block, fit: Fit, *, sure: bool = True) -> Iterator[Verdict]:
        delay = self.delay or 0
        begin = block.start - delay
        held = self._reference.cut(begin, begin + self.grid.size)
        if held is None:
            return
        source = measure(self.grid, held, start=block.start, at_ms=block.at_ms)
        pair = Pair(block, look(block), source, look(source), fit)
        self._pieces.hear(pair)
        yield from self._absence.hear(pair)
        if self._absence.explains_all:
            return
        yield from self._levels.hear(pair)
        yield from self._strays.hear(pair)
        yield from self._wow.hear(pair, delay)
        if not sure:
            return
        # What a hole or a lost channel does to peaks and bands is told by it already.
        if not self._levels.explains_peaks:
            yield from self._carried.hear(pair)
            yield from self._hiss.hear(pair)
            if not self._carried.explains_peaks:
                yield from self._ceiling.hear(pair)
        yield from self._settle(block, fit)

    def _settle(self, block: Block, fit: Fit) -> Iterator[Verdict]:
        known = ~np.isnan(fit.quality)
        if known.sum() < 3:  # noqa: PLR2004  of five
            return
        self._wrong.feed(0, bad=False, step_s=STEP_S)
        quality = quality_of(fit)
        if not self._settled:
            self._settled, self._usual_quality = quality > SURE, quality
        self._placed_s += STEP_S
        self._usual_quality += 0.1 * (quality - self._usual_quality)
        off = fit.off[known]
        if np.ptp(off[-3:]) < 0.0005 * self.grid.rate_hz and self.delay is not None:
            move = round(median(off[-3:]))
            self.delay += move
            # Wow moves the place from one 100 ms to the next; a jump does it once and at once.
            if float(np.abs(np.diff(off)).max()) > 0.7 * abs(move):
                yield from self._say_jump(block, move)
            if abs(move) > STEADY_MS / 1000 * self.grid.rate_hz:
                self._placed_s = 0.0
        if abs(median(off)) < JUMP_MS / 1000 * self.grid.rate_hz:
            self._jump.feed(0, bad=False, step_s=STEP_S)

    def _say(
        self, alarm: Alarm, block: Block, *, measured: float, words: tuple[str, str]
    ) -> Verdict:
        return Verdict(
            kind=alarm.kind,
            since_ms=alarm.since_ms,
            said_ms=block.time_ms(block.start + self.grid.size),
            score=None,
            measured=round(measured, 1),
            unit=words[0],
            sentence=words[1],
        )


def quality_of(fit: Fit | None) -> float:
    """Return how well a block fits its place: the median over its hops, 0 where nothing does."""
    known = fit.quality[~np.isnan(fit.quality)] if fit is not None else np.zeros(0)
    return median(known) if known.size else 0.0
