"""One programme at all its taps: of each fault the first place on the way, told as one remark."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from auscult.detection.remarks import Clip, Curve, Remark
from auscult.kernel.findings import PARTS_MAX, Breakdown, Part
from auscult.kernel.sounds import Heard, Stream, Unheard
from auscult.performance.quality.faults import Fault
from auscult.performance.quality.tap import Tap

TAPS_MAX = 64
GONE_MS = 600_000
"""A tap of which nothing was heard for so long, not even why, is no longer listened to."""

LAST_HOP = 1_000
NAME_CHARS = 200


@dataclass(slots=True)
class Programme:
    """The taps of one programme, in the order of the way where that is known."""

    name: str
    taps: dict[str, Tap] = field(default_factory=dict)
    _kept: dict[str, tuple[Fault, str, tuple[Clip, ...]]] = field(default_factory=dict)

    def take(self, stream: Stream, found: Heard | Unheard, now_ms: int) -> None:
        """Take in what was found at one tap; the source's sound goes to every other one as well."""
        tap = self.taps.get(stream.name)
        if tap is None or tap.stream != stream:
            if tap is None and len(self.taps) >= TAPS_MAX:
                return
            tap = self.taps[stream.name] = Tap(stream, met_ms=now_ms)
        tap.take(found, now_ms)
        if not isinstance(found, Heard):
            return
        if stream.is_source:
            if tap is self.source:  # of several the first is held against: two would be mixed
                for other in self._others():
                    other.hear_source(found, tap.heard_ms)
        elif (source := self.source) is not None:
            tap.accompany(source.form)

    @property
    def source(self) -> Tap | None:
        """The source tap, where there is one."""
        return next((tap for tap in self.taps.values() if tap.stream.is_source), None)

    def forget(self, now_ms: int) -> None:
        """Let go of the taps that are gone."""
        self.taps = {n: tap for n, tap in self.taps.items() if now_ms - tap.seen_ms <= GONE_MS}

    def remarks(self, now_ms: int, *, late_ms: float = 0.0) -> Iterator[Remark]:
        """Yield what is wrong now, each signal once, laid to the first tap at which it is heard."""
        order = sorted(self.taps.values(), key=_place)
        found = [(tap, tap.faults(now_ms, late_ms=late_ms)) for tap in order]
        signals = list(dict.fromkeys(signal for _, faults in found for signal in faults))
        for signal in self._kept.keys() - set(signals):
            del self._kept[signal]
        for signal in signals:
            here = [(tap, faults[signal]) for tap, faults in found if signal in faults]
            yield self._remark(here, order, now_ms)

    def _others(self) -> list[Tap]:
        return [tap for tap in self.taps.values() if not tap.stream.is_source]

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
        source, there_ms = self.source, first.source_place_ms(place_ms)
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
