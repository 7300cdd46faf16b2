"""The rate-quality hulls of a catalogue as SVG, for light and dark pages.

Real rate to the right, on a logarithmic scale; score upwards, stretched towards 5, where the rungs
that matter lie close together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 960, 480
LEFT, TOP, RIGHT, BOTTOM = 64, 56, 660, 424
"""The plot's edges; the legend stands right of it."""

NAMED_MAX = 10
"""Titles with a colour and a line in the legend; further ones are drawn in grey."""

NAME_CHARS_MAX = 26
SCORE_TICKS = (2.0, 3.0, 4.0, 4.5, 4.7, 4.8, 4.9, 4.95, 5.0)
RATE_TICKS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
NEAREST = 0.02
"""Added to the distance from 5, so that 5 itself has a place."""

STYLE = """
svg { --ink: #1c2330; --dim: #5c6675; --grid: #dfe3ea; --page: #ffffff; --mark: #1c2330;
  font-family: system-ui, sans-serif; font-size: 12px; background: var(--page); }
@media (prefers-color-scheme: dark) { svg { --ink: #e8ebf1; --dim: #9aa5b5; --grid: #2c3441;
  --page: #12161d; --mark: #ffffff; } }
.c0 { --c: #2f6fde; } .c1 { --c: #d9730d; } .c2 { --c: #12906f; } .c3 { --c: #c23b74; }
.c4 { --c: #8a5cd6; } .c5 { --c: #a3811a; } .c6 { --c: #1a9bb8; } .c7 { --c: #c94a3b; }
.c8 { --c: #5a8f2b; } .c9 { --c: #7d7f92; } .rest { --c: #8b93a1; }
@media (prefers-color-scheme: dark) { .c0 { --c: #6ea3ff; } .c1 { --c: #ff9f4d; }
  .c2 { --c: #3fcfa6; } .c3 { --c: #ff7fb2; } .c4 { --c: #b998ff; } .c5 { --c: #e0bd54; }
  .c6 { --c: #55cfe8; } .c7 { --c: #ff8b7c; } .c8 { --c: #9fd36b; } }
.hull { fill: none; stroke: var(--c); stroke-width: 1.75; stroke-linejoin: round; }
.rest .hull { opacity: .35; stroke-width: 1; }
.dot { fill: var(--c); } .taken { fill: var(--c); stroke: var(--page); stroke-width: 2; }
.rung { fill: none; stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 3 3; opacity: .65; }
.grid { stroke: var(--grid); } .need { stroke: var(--mark); stroke-dasharray: 6 4; }
.sheet { fill: var(--page); } text { fill: var(--dim); }
.title { fill: var(--ink); font-size: 16px; font-weight: 600; }
.name, .step { fill: var(--ink); }
"""


@dataclass(frozen=True, slots=True)
class Point:
    """A rung: its real rate in kbit/s and its score, 1 to 5."""

    kbps: float
    score: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One title's hull, the cheapest rung first, the rung it takes, and what that is called."""

    name: str
    hull: tuple[Point, ...]
    taken: Point
    label: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps of the ladder for all titles: a name and a mean rate each."""

    steps: tuple[tuple[str, float], ...] = ()


def draw_hulls(
    curves: Sequence[Curve],
    *,
    heading: str,
    needed: float,
    ladder: Ladder | None = None,
    is_styled: bool = True,
) -> str:
    """Return an SVG document; raises `ValueError` without a curve.

    is_styled: False leaves the style out, for a page that has it in its own style sheet.
    """
    if not curves:
        raise ValueError("there is no title to draw")
    ladder = ladder or Ladder()
    scale = _scale(curves, needed, ladder)
    parts = [_axes(scale, needed), _steps(scale, ladder)]
    order = [*range(NAMED_MAX, len(curves)), *range(min(NAMED_MAX, len(curves)))]
    parts += [_curve(scale, curves[at], at) for at in order]
    parts.append(_legend(curves))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(heading)}">'
        f"{f'<style>{STYLE}</style>' if is_styled else ''}"
        f'<rect class="sheet" width="{WIDTH}" height="{HEIGHT}"/>'
        f'<text class="title" x="{LEFT}" y="32">{escape(heading)}</text>'
        f"{''.join(parts)}</svg>\n"
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From rate and score to pixels."""

    low_kbps: float
    high_kbps: float
    low_score: float

    def x(self, kbps: float) -> float:
        share = np.log(kbps / self.low_kbps) / np.log(self.high_kbps / self.low_kbps)
        return round(float(LEFT + (RIGHT - LEFT) * np.clip(share, 0, 1)), 1)

    def y(self, score: float) -> float:
        share = (_stretch(score) - _stretch(self.low_score)) / (
            _stretch(5.0) - _stretch(self.low_score)
        )
        return round(float(BOTTOM - (BOTTOM - TOP) * np.clip(share, 0, 1)), 1)


def _stretch(score: float) -> float:
    return float(-np.log(max(5.0 - score, 0.0) + NEAREST))


def _scale(curves: Sequence[Curve], needed: float, ladder: Ladder) -> _Scale:
    points = [point for one in curves for point in (*one.hull, one.taken)]
    rates = [max(point.kbps, 1.0) for point in points] + [rate for _, rate in ladder.steps]
    low_score = min(*(point.score for point in points), needed)
    return _Scale(0.85 * min(rates), 1.15 * max(rates), max(1.0, low_score - 0.1))


def _axes(scale: _Scale, needed: float) -> str:
    parts = []
    for score in SCORE_TICKS:
        if score > scale.low_score:
            y = scale.y(score)
            parts.append(f'<path class="grid" d="M{LEFT} {y}H{RIGHT}"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{score:g}</text>')
    for rate in RATE_TICKS:
        if scale.low_kbps < rate < scale.high_kbps:
            x = scale.x(rate)
            parts.append(f'<path class="grid" d="M{x} {TOP}V{BOTTOM}"/>')
            parts.append(f'<text x="{x}" y="{BOTTOM + 18}" text-anchor="middle">{rate}</text>')
    y = scale.y(needed)
    parts.append(f'<path class="need" d="M{LEFT} {y}H{RIGHT}"/>')
    parts.append(f'<text class="step" x="{LEFT + 6}" y="{y - 6}">needed {needed:.2f}</text>')
    middle = (LEFT + RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">real kbit/s</text>')
    parts.append(f'<text x="{LEFT - 8}" y="{TOP - 10}" text-anchor="end">score</text>')
    return "".join(parts)


def _steps(scale: _Scale, ladder: Ladder) -> str:
    parts = []
    for at, (name, rate) in enumerate(ladder.steps):
        x = scale.x(rate)
        parts.append(f'<path class="rung" d="M{x} {TOP}V{BOTTOM}"/>')
        # Names of neighbouring steps stand above each other, so that none is written over.
        y = BOTTOM - 8 - 15 * (at % 2)
        anchor = "end" if x > RIGHT - 60 else "start"
        place = x - 4 if anchor == "end" else x + 4
        parts.append(
            f'<text class="step" x="{place}" y="{y}" text-anchor="{anchor}">{escape(name)}</text>'
        )
    return "".join(parts)


def _curve(scale: _Scale, curve: Curve, at: int) -> str:
    name = f"c{at}" if at < NAMED_MAX else "rest"
    places = [(scale.x(point.kbps), scale.y(point.score)) for point in curve.hull]
    line = " ".join(f"{x},{y}" for x, y in places)
    dots = "".join(f'<circle class="dot" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places)
    x, y = scale.x(curve.taken.kbps), scale.y(curve.taken.score)
    return (
        f'<g class="{name}"><title>{escape(curve.name)}: {escape(curve.label)}</title>'
        f'<polyline class="hull" points="{line}"/>{dots if at < NAMED_MAX else ""}'
        f'<circle class="taken" cx="{x}" cy="{y}" r="6"/></g>'
    )


def _legend(curves: Sequence[Curve]) -> str:
    x, parts = RIGHT + 28, []
    for at, curve in enumerate(curves[:NAMED_MAX]):
        y = TOP + 10 + 36 * at
        parts.append(
            f'<g class="c{at}"><circle class="taken" cx="{x}" cy="{y - 4}" r="6"/>'
            f'<text class="name" x="{x + 14}" y="{y}">{escape(_cut(curve.name))}</text>'
            f'<text x="{x + 14}" y="{y + 15}">{escape(curve.label)}</text></g>'
        )
    if len(curves) > NAMED_MAX:
        y = TOP + 10 + 36 * NAMED_MAX
        more = f"and {len(curves) - NAMED_MAX} more, in grey"
        parts.append(f'<text x="{x + 14}" y="{min(y, HEIGHT - 20)}">{more}</text>')
    return "".join(parts)


def _cut(name: str) -> str:
    return name if len(name) <= NAME_CHARS_MAX else name[: NAME_CHARS_MAX - 1] + "…"
