"""Channels: one is lost, one has its polarity turned, or both have become the same."""

from collections.abc import Iterable, Iterator

import numpy as np

from auscult.performance.hearing.figures.blocks import STEP_S, Block, Floats, Grid, decibels
from auscult.performance.hearing.figures.spectrum import Spectra
from auscult.performance.hearing.figures.usual import Usual
from auscult.performance.hearing.listeners.turning import Turning
from auscult.performance.hearing.verdicts import Alarm, Kind, Verdict

ACTIVE_DB = -50.0
FLOOR_DB = -90.0
LOST_DB, QUIET_DB, DEAD_DB = 25.0, -45.0, -70.0
COLLAPSED_DB, STEREO_DB, NARROWER_DB = -24.0, -22.0, 10.0
"""A codec's own noise differs in both channels and leaves a side level of −25 to −35 dB."""
TURNED, UPRIGHT, FAR = -0.25, 0.4, 0.4
LEANING, JUMP_S = 0.05, 1.5
FRONT = 2
"""Left and right: a centre, a low-frequency or a surround channel may be silent for ever."""


class ChannelLoss:
    """Hears a channel fall silent while another plays on.

    A channel is lost when it lies 25 dB lower against the loudest one than is usual, and below
    −45 dB of full scale. One that was dead from the beginning is told after 10 s.
    """

    def __init__(self, grid: Grid) -> None:
        self._usual = Usual(grid.channels, least=8, spread_min=1.0)
        self._alarms = [Alarm(Kind.CHANNEL_LOSS, need_s=1.5) for _ in range(grid.channels)]
        self._dead = [Alarm(Kind.CHANNEL_LOSS, need_s=10.0) for _ in range(grid.channels)]

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (*self._alarms, *self._dead)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        level = decibels(block.power.mean(axis=1))
        loudest = float(level.max())
        if len(level) == 1 or loudest < ACTIVE_DB:
            return
        below = np.maximum(level - loudest, FLOOR_DB)
        known = self._usual.is_known
        lost = (below < self._usual.low - LOST_DB) & (level < QUIET_DB) if known else below > 0
        at_ms = block.time_ms(block.start)
        dead = (below < DEAD_DB) & ~((self._usual.high > -LOST_DB) if known else lost)
        for channel in range(len(level)):
            opened = self._alarms[channel].feed(at_ms, bad=bool(lost[channel]), step_s=STEP_S)
            opened |= self._dead[channel].feed(
                at_ms, bad=bool(dead[channel]) and channel < FRONT, step_s=STEP_S
            )
            if opened:
                yield self._say(block, channel, below)
        if not lost.any() and not any(alarm.is_open for alarm in self._alarms):
            self._usual.learn(below)

    def _say(self, block: Block, channel: int, below: Floats) -> Verdict:
        alarm = self._alarms[channel] if self._alarms[channel].is_open else self._dead[channel]
        below_db, usual_db = float(below[channel]), float(self._usual.level[channel])
        return Verdict(
            kind=Kind.CHANNEL_LOSS,
            since_ms=alarm.since_ms,
            said_ms=block.time_ms(block.start + block.grid.size),
            score=float(self._usual.scores(below)[channel]) if self._usual.is_known else None,
            measured=round(below_db, 1),
            unit="dB",
            sentence=f"channel {channel + 1} lies {-below_db:.0f} dB below the loudest one, "
            f"usually {-usual_db:z.0f} dB",
        )


class Polarity:
    """Hears the correlation of left and right turn negative, in the bass or as a whole.

    Bass is nearly always in the middle, so its correlation (40 to 250 Hz) tells polarity also
    where the rest is wide. Where the bass is wide too, the moment tells it at which all phases jump
    (`Turning`): from then on less correlation is evidence enough. A stream that is upside down from
    the beginning is told after 10 s.
    """

    def __init__(self) -> None:
        self._bass = Usual(least=8, spread_min=0.1)
        self._whole = Usual(least=8, spread_min=0.1)
        self._turning, self._is_turned = Turning(), False
        self._alarm = Alarm(Kind.POLARITY, need_s=2.0, leak=0.5)
        self._always = Alarm(Kind.POLARITY, need_s=10.0)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm, self._always)

    def hear(self, block: Block, spectra: Spectra) -> Iterator[Verdict]:
        """Take in one block."""
        if block.grid.channels != 2 or block.level_db < ACTIVE_DB:  # noqa: PLR2004  stereo
            self._turning.forget()
            return
        sides = block.power.mean(axis=1)
        whole = correlation(block.cross, float(sides[0]), float(sides[1]))
        bass = correlation(*spectra.low)
        if whole is None:
            return
        at_ms = block.time_ms(block.start)
        turns = self._turning.find(spectra.cross) > 0 and self._notice_turn()
        bad, usual = self._judge(whole, bass)
        if self._is_turned and not bad:
            bad = turns or whole < 0
        always = not self._whole.is_known or float(self._whole.level[0]) < TURNED
        # The jump itself is as good as a second and a half of evidence.
        opened = self._alarm.feed(at_ms, bad=bad, step_s=JUMP_S if turns else STEP_S)
        self._is_turned &= self._alarm.since_ms >= 0
        opened |= self._always.feed(at_ms, bad=always and whole < -0.7, step_s=STEP_S)  # noqa: PLR2004  nearly −1
        if opened:
            now = whole if bass is None else min(whole, bass)
            yield Verdict(
                kind=Kind.POLARITY,
                since_ms=max(self._alarm.since_ms, self._always.since_ms),
                said_ms=block.time_ms(block.start + block.grid.size),
                score=max(self._whole.score(whole), self._bass.score(bass or 0.0)),
                measured=round(now, 2),
                unit="",
                sentence=f"the channels work against each other: correlation {now:.2f}, "
                f"usually {usual:.2f}",
            )
        if not bad and not self._alarm.is_open:
            self._whole.learn(whole)
            if bass is not None:
                self._bass.learn(bass)

    def _notice_turn(self) -> bool:
        """Take note that a channel turned; return whether it turned away from how it should be."""
        if self._is_turned:
            self._is_turned = False
            self._alarm.close()
            return False
        self._is_turned = self._whole.is_known and float(self._whole.level[0]) > LEANING
        return self._is_turned

    def _judge(self, whole: float, bass: float | None) -> tuple[bool | None, float]:
        if not self._whole.is_known:
            return None, 1.0
        usual = float(self._whole.level[0])
        if is_upright(self._whole):
            return whole < min(TURNED, float(self._whole.low[0]) - FAR), usual
        if bass is None or not self._bass.is_known or not is_upright(self._bass):
            return (False if whole > TURNED else None), usual
        turned = bass < min(TURNED, float(self._bass.low[0]) - FAR)
        return turned, float(self._bass.level[0])


class MonoCollapse:
    """Hears the difference of left and right vanish where there usually is one.

    side: level of (L−R)/2 against (L+R)/2, dB. A mono programme is mono from the beginning. After
    a pause another programme may have begun, and what follows is learnt anew.
    """

    def __init__(self) -> None:
        self._usual = Usual(least=8, spread_min=1.5)
        self._alarm = Alarm(Kind.MONO_COLLAPSE, need_s=3.5, leak=0.5)

    @property
    def alarms(self) -> Iterable[Alarm]:
        """What it may have opened."""
        return (self._alarm,)

    def hear(self, block: Block) -> Iterator[Verdict]:
        """Take in one block."""
        if block.grid.channels != 2 or block.level_db < ACTIVE_DB:  # noqa: PLR2004  stereo
            return
        side_db = block.side_db
        bad = None
        if self._usual.is_known:
            usual = float(self._usual.low[0])
            bad = usual > STEREO_DB and side_db < min(COLLAPSED_DB, usual - NARROWER_DB)
        if self._alarm.feed(block.time_ms(block.start), bad=bad, step_s=STEP_S):
            usual = float(self._usual.level[0])
            yield Verdict(
                kind=Kind.MONO_COLLAPSE,
                since_ms=self._alarm.since_ms,
                said_ms=block.time_ms(block.start + block.grid.size),
                score=self._usual.score(side_db),
                measured=round(side_db, 1),
                unit="dB",
                sentence=f"left and right have become the same: side level {side_db:.0f} dB, "
                f"usually {usual:z.0f} dB",
            )
        if not bad and not self._alarm.is_open:
            self._usual.learn(side_db)

    def restart(self) -> None:
        """Learn anew: another programme may have begun."""
        if not self._alarm.is_open:
            self._usual.forget()


def is_upright(usual: Usual) -> bool:
    """Whether a correlation is usually positive enough for its turning to be heard."""
    return float(usual.level[0]) > UPRIGHT and float(usual.low[0]) > 0.0


def correlation(cross: float, left: float, right: float) -> float | None:
    """Return cross / √(left·right), or None where a side is silent (below −80 dB)."""
    if min(left, right) < 1e-8:  # noqa: PLR2004  −80 dB
        return None
    return float(np.clip(cross / np.sqrt(left * right), -1.0, 1.0))
