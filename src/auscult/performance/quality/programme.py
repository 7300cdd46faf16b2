"""One programme at all its taps: of each fault the first place on the way, told as one remark."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auscult.detection.remarks import Clip, Curve, Remark
from auscult.kernel.findings import PARTS_MAX, Breakdown, Part
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.kernel.words import Severity
from auscult.performance.quality.faults import UNHEARD, Fault
from auscult.performance.quality.places import CLASH_HELD_MS, NAME_CLASH, Places
from auscult.performance.quality.tap import Tap

LAST_HOP = 1_000
TAIL_MS = 30_000
"""What is wrong at a later tap so soon after an earlier one was well again is the same sound, which
was still on its way."""

NAME_CHARS = 200

Key = tuple[str, str]
"""What a remark is about, and its signal."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said last of a signal, without its sound, of which tap, and when."""

    tap: str
    remark: Remark
    at_ms: int


@dataclass(slots=True)
class Programme:
    """The taps of one programme, in the order of the way where that is known."""

    name: str
    places: Places = field(default_factory=Places)
    _said: dict[Key, _Said] = field(default_factory=dict)
    _lately: dict[str, _Said] = field(default_factory=dict)
    _kept: dict[str, tuple[Fault, str, tuple[Clip, ...]]] = field(default_factory=dict)

    def take(self, stream: Stream, found: Heard | Unheard, now_ms: int) -> None:
        """Take in what was found at one tap; the source's sound goes to every other one as well."""
        self.places.take(stream, found, now_ms)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to listen to, nor to tell."""
        return not self.places.taps and not self._said

    def forget(self, now_ms: int) -> None:
        """Let go of what is not needed of taps that fell silent."""
        self.places.forget(now_ms)

    def is_silent(self, now_ms: int) -> bool:
        """Whether nothing has come from any of its taps for long."""
        return self.places.is_silent(now_ms)

    def knows(self, about: str) -> bool:
        """Whether a remark about this is one of its own."""
        return about == self.name or about in self.places.taps

    def let_go(self, now_ms: int, *, why: str = "it was ended by a person") -> None:
        """Wait no more for the taps that are silent."""
        self.places.let_go(now_ms, why)

    def remarks(self, now_ms: int, *, late_ms: float = 0.0) -> Iterator[Remark]:
        """Yield what is wrong now, each signal once, laid to the first tap at which it is heard.

        What was wrong at a tap that cannot be heard any more was not heard to heal: it holds. A tap
        that fell silent is told by its own name, and hides nothing of the others. What was wrong at
        one that is gone ends with a sentence that says so.
        """
        order = sorted(self.places.taps.values(), key=_place)
        found = [(tap, tap.faults(now_ms, late_ms=late_ms)) for tap in order]
        silent = [one for one in found if self.places.is_silent_at(one[0], now_ms)]
        heard = [one for one in found if one not in silent]
        said: dict[Key, _Said] = {}
        signals = list(dict.fromkeys(signal for _, faults in heard for signal in faults))
        for signal in signals:
            here = [(tap, faults[signal]) for tap, faults in heard if signal in faults]
            if (before := self._tail_of(here[0], [tap for tap, _ in heard])) is not None:
                said[self.name, signal] = before
                yield before.remark
                continue
            remark = self._remark(here, order, now_ms)
            name = here[0][0].stream.name
            said[remark.about, signal] = _Said(name, replace(remark, clips=()), now_ms)
            self._lately[signal] = said[remark.about, signal]
            yield remark
        for tap, faults in silent:
            for signal, fault in faults.items():
                remark = self._remark([(tap, fault)], order, now_ms)
                remark = replace(remark, about=tap.stream.name, clips=())
                said[remark.about, signal] = _Said(tap.stream.name, remark, now_ms)
                yield remark
        yield from self._clashes(now_ms)
        down = {tap.stream.name for tap, faults in heard if UNHEARD in faults}
        gone = {tap.stream.name: "nothing has come from there for long" for tap, _ in silent}
        yield from self._hold(said, down, {**gone, **self.places.left})
        self._kept = {one: kept for one, kept in self._kept.items() if one in signals}
        self.places.left.clear()

    def _tail_of(self, first: tuple[Tap, Fault], heard: list[Tap]) -> _Said | None:
        """Return what was said of an earlier tap that is well again, where this is its tail.

        So what is told keeps its place while the last of it passes the later taps.
        """
        tap, fault = first
        before = self._lately.get(fault.signal)
        if before is None or fault.since_ms > before.at_ms + TAIL_MS:
            return None
        earlier = (one for one in heard if one.stream.name == before.tap)
        return before if any(_place(one) < _place(tap) for one in earlier) else None

    def _clashes(self, now_ms: int) -> Iterator[Remark]:
        """Yield what nobody would hear otherwise: that of two streams of one name one is let go."""
        for name, at_ms in self.places.clashes.items():
            if now_ms - at_ms <= CLASH_HELD_MS and (tap := self.places.taps.get(name)) is not None:
                yield Remark(
                    about=name,
                    signal=NAME_CLASH,
                    subject=tap.stream.subject,
                    since_ms=at_ms,
                    severity=Severity.INFO,
                    sentence=f"two streams go by the name {name}; only the first one is heard",
                    labels=tap.stream.labels,
                )

    def _hold(
        self, said: dict[Key, "_Said"], down: set[str], gone: dict[str, str]
    ) -> Iterator[Remark]:
        """Yield again what was said of taps that are `down`, and end it of those that are `gone`.

        said: what holds by itself now. gone: why, by the tap's name.
        """
        before, self._said = self._said, said
        for key in before.keys() - said.keys():
            one = before[key]
            is_note = one.remark.severity is Severity.INFO  # over by itself
            if one.tap in down and not is_note:
                said[key] = one
                yield one.remark
            elif (why := gone.get(one.tap)) is not None:
                what = one.remark.signal.replace("_", " ")
                over = f"{one.tap}: {why}, so nobody can tell whether it is over: {what}"
                yield replace(one.remark, over=over)

    def _remark(self, here: list[tuple[Tap, Fault]], order: list[Tap], now_ms: int) -> Remark:
        first, fault = here[0]
        usual = first.curve.usual(fault.since_ms)
        return Remark(
            about=self.name,
            signal=fault.signal,
            subject=first.stream.subject,
            since_ms=fault.since_ms,
            severity=fault.severity(now_ms),
            sentence=f"{self._where(here, order)}: {fault.sentence}",
            score=fault.score,
            now=None if not first.curve.lufs else first.curve.lufs[-1],
            labels=_labels(first.stream, fault),
            curve=Curve(
                first.curve.at_ms,
                first.curve.lufs,
                unit="LUFS",
                usual_low=usual and usual[0],
                usual_high=usual and usual[1],
                plots="loudness",
            ),
            breakdown=self._latency(order),
            clips=self._clips(first, fault),
        )

    def _where(self, here: list[tuple[Tap, Fault]], order: list[Tap]) -> str:
        """Return where it is heard first, and what is known of the taps before it."""
        first = here[0][0]
        before = [tap for tap in order if _place(tap) < _place(first) and tap.form is not None]
        told = f"{self.name} at {first.stream.subject.service}"
        if before and before[-1].stream.subject.service != first.stream.subject.service:
            told += f" (right at {before[-1].stream.subject.service})"
        return told

    def _clips(self, first: Tap, fault: Fault) -> tuple[Clip, ...]:
        """Return the sound of a fault, cut once, for it is soon forgotten; and the source's."""
        kept = self._kept.get(fault.signal)
        if kept is not None and kept[:2] == (fault, first.stream.name):
            return kept[2]
        cut = () if fault.place_ms is None else tuple(self._cut(first, fault, fault.place_ms))
        self._kept[fault.signal] = (fault, first.stream.name, cut)
        return cut

    def _cut(self, first: Tap, fault: Fault, place_ms: float) -> Iterator[Clip]:
        what = fault.signal.replace("_", " ")
        if (clip := first.clip(place_ms, f"{what} at {first.stream.name}")) is not None:
            yield clip
        source, there_ms = self.places.source, first.source_place_ms(place_ms)
        if source is not None and there_ms is not None:
            title = f"the same moment at {source.stream.name}"
            if (clip := source.clip(there_ms, title)) is not None:
                yield clip

    def _latency(self, order: list[Tap]) -> Breakdown | None:
        """Return what each part of the way adds, along the taps whose place is known."""
        parts, so_far_s = [], 0.0
        seen: set[int] = set()
        for tap in order:
            hop, latency_ms = tap.stream.hop, tap.latency_ms
            if hop is None or hop in seen or latency_ms is None or tap.stream.is_source:
                continue
            seen.add(hop)
            delay_s = latency_ms / 1_000
            name = f"to {tap.stream.subject.service}"[:NAME_CHARS]
            parts.append(Part(name=name, value=round(delay_s - so_far_s, 3)))
            so_far_s = delay_s
        if not parts:
            return None
        return Breakdown(title="Latency by stage", unit="s", parts=tuple(parts[:PARTS_MAX]))


def _place(tap: Tap) -> tuple[int, str]:
    hop = tap.stream.hop
    return LAST_HOP if hop is None else hop, tap.stream.name


def _labels(stream: Stream, fault: Fault) -> tuple[tuple[str, str], ...]:
    named = dict(stream.labels)
    if fault.measured is not None:
        named["measured"] = f"{fault.measured:g} {fault.unit}".strip()
    return tuple(sorted(named.items()))
