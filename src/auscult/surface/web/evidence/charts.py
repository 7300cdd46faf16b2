"""Charts drawn on the server as SVG: no script, prints, mails. Words stand around it as HTML.

A chart's own text would shrink with its viewBox (16 units came out as 8 px on a phone), so the SVG
holds lines only and its limits are returned for the template to write as text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auscult.kernel.findings import Evidence

WIDTH = 720
HEIGHT = 160
SPARK_WIDTH = 80
SPARK_HEIGHT = 20
SPARK_POINTS = 60
_PAD = 6
_TOP = 14
_ODD_BAR = 4

Column = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths in a WIDTH x HEIGHT box, and the limits that the page writes beside them."""

    line: str
    band: str
    edges: str
    odd: tuple[tuple[float, float], ...]
    dots: tuple[tuple[float, float], ...]
    last: tuple[float, float] | None
    top: float
    bottom: float
    from_ms: int
    to_ms: int

    width = WIDTH
    height = HEIGHT


@dataclass(frozen=True, slots=True)
class _Frame:
    """The mapping from (time, value) to the box."""

    from_ms: int
    to_ms: int
    bottom: float
    top: float
    width: int
    height: int
    pad: int
    top_pad: int

    def x(self, at_ms: int) -> float:
        span = max(1, self.to_ms - self.from_ms)
        return round(self.pad + (self.width - 2 * self.pad) * (at_ms - self.from_ms) / span, 1)

    def y(self, value: float) -> float:
        inside = (value - self.bottom) / (self.top - self.bottom)
        return round(self.height - self.pad - (self.height - self.pad - self.top_pad) * inside, 1)


def draw_evidence(evidence: Evidence) -> Chart | None:
    """Return the chart of the window that convinced the observer; None where it kept none."""
    if not evidence.at_ms or not _finite(evidence.value):
        return None
    frame = _frame(
        evidence.at_ms,
        [*evidence.value, *evidence.low, *evidence.high],
        size=(WIDTH, HEIGHT),
        pads=(_PAD, _TOP),
    )
    odd = [
        (at, value)
        for at, value, low, high in _rows(evidence)
        if value is not None and _outside(value, low, high)
    ]
    last = next(
        (
            pair
            for pair in zip(evidence.at_ms[::-1], evidence.value[::-1], strict=True)
            if pair[1] is not None
        ),
        None,
    )
    return Chart(
        line=_path(frame, evidence.at_ms, evidence.value),
        band=_band(frame, evidence),
        edges=f"{_path(frame, evidence.at_ms, evidence.low)}"
        f"{_path(frame, evidence.at_ms, evidence.high)}",
        odd=_stretches(frame, evidence.at_ms, {at for at, _ in odd}),
        dots=tuple((frame.x(at), frame.y(value)) for at, value in odd[-40:]),
        last=(frame.x(last[0]), frame.y(last[1])) if last and last[1] is not None else None,
        top=frame.top,
        bottom=frame.bottom,
        from_ms=frame.from_ms,
        to_ms=frame.to_ms,
    )


def draw_spark(at_ms: Sequence[int], value: Column) -> tuple[str, tuple[float, float] | None]:
    """Return a sparkline's path and its last point, in an 80 x 20 box."""
    at_ms, value = at_ms[-SPARK_POINTS:], value[-SPARK_POINTS:]
    if not _finite(value):
        return "", None
    frame = _frame(at_ms, value, size=(SPARK_WIDTH, SPARK_HEIGHT), pads=(3, 3))
    last = next((i for i in range(len(value) - 1, -1, -1) if _is_finite(value[i])), None)
    point = None
    if last is not None and (shown := value[last]) is not None:
        point = (frame.x(at_ms[last]), frame.y(shown))
    return _path(frame, at_ms, value), point


def trend_word(value: Column) -> str:
    """Return what the sparkline shows, for those who do not see it.

    Its end is held against its first half: what is found in seconds has moved the end alone.
    """
    known = [one for one in value[-SPARK_POINTS:] if one is not None and _is_finite(one)]
    if len(known) < 4:  # noqa: PLR2004  # fewer points have no trend
        return "no trend yet"
    end, half = max(1, len(known) // 10), len(known) // 2
    before, after = sum(known[:half]) / half, sum(known[-end:]) / end
    spread = max(known) - min(known)
    if spread == 0 or abs(after - before) < 0.25 * spread:
        return "steady"
    return "rising" if after > before else "falling"


def _rows(evidence: Evidence) -> list[tuple[int, float | None, float | None, float | None]]:
    size = len(evidence.at_ms)
    low = evidence.low if len(evidence.low) == size else (None,) * size
    high = evidence.high if len(evidence.high) == size else (None,) * size
    return list(zip(evidence.at_ms, evidence.value, low, high, strict=True))


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _frame(
    at_ms: Sequence[int], values: Column, *, size: tuple[int, int], pads: tuple[int, int]
) -> _Frame:
    known = _finite(values)
    bottom, top = min(known), max(known)
    if bottom > 0 and bottom < 0.5 * top:  # rates are read from zero
        bottom = 0.0
    if top == bottom:
        bottom, top = bottom - (abs(bottom) or 1) / 2, top + (abs(top) or 1) / 2
    return _Frame(at_ms[0], at_ms[-1], bottom, top, *size, *pads)


def _path(frame: _Frame, at_ms: Sequence[int], values: Column) -> str:
    """Return an SVG path; a missing value lifts the pen, so that a gap stays a gap."""
    steps: list[str] = []
    pen_down = False
    for at, value in zip(at_ms, values, strict=False):
        if not _is_finite(value):
            pen_down = False
            continue
        steps.append(f"{'L' if pen_down else 'M'}{frame.x(at)} {frame.y(float(value or 0))}")
        pen_down = True
    return "".join(steps)


def _band(frame: _Frame, evidence: Evidence) -> str:
    known = [
        (at, low, high)
        for at, _, low, high in _rows(evidence)
        if _is_finite(low) and _is_finite(high)
    ]
    if len(known) < 2:  # noqa: PLR2004  # one point has no area
        return ""
    upper = [f"{frame.x(at)} {frame.y(float(high or 0))}" for at, _, high in known]
    lower = [f"{frame.x(at)} {frame.y(float(low or 0))}" for at, low, _ in reversed(known)]
    return f"M{'L'.join([*upper, *lower])}Z"


def _stretches(
    frame: _Frame, at_ms: Sequence[int], odd: set[int]
) -> tuple[tuple[float, float], ...]:
    """Return (x, width) of every unbroken odd stretch, for the bar on the top edge."""
    spans: list[tuple[float, float]] = []
    start: int | None = None
    for index, at in enumerate(at_ms):
        if at in odd and start is None:
            start = at
        ends = start is not None and (at not in odd or index == len(at_ms) - 1)
        if ends and start is not None:
            spans.append((frame.x(start), round(max(3.0, frame.x(at) - frame.x(start)), 1)))
            start = None
    return tuple(spans)


def _is_finite(value: float | None) -> bool:
    return value is not None and -1e300 < value < 1e300  # noqa: PLR2004  # NaN and infinities fail


def _finite(values: Column) -> list[float]:
    return [value for value in values if value is not None and _is_finite(value)]
