"""What can be heard and seen of an incident: each finding's sounds with their own pictures."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auscult.kernel.findings import Finding
from auscult.surface.readings import Story
from auscult.surface.web.evidence.charts import Chart, draw_evidence
from auscult.surface.web.words import plotted

_PICTURE = "image/"
_AS_PICTURE = ", as a picture"
"""What the title of a sound's picture ends in, as the monitors write it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One exhibit as it is told of: a sound or a picture."""

    id: str
    title: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A sound with the picture of it; either may be missing."""

    title: str
    sound: str
    picture: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What one finding brought: whose it is, since when it is told, and its own curve.

    `service` is empty and `chart` None where the finding itself is no longer among those shown.
    """

    signal: str
    service: str
    at_ms: int
    figures: tuple[Figure, ...]
    chart: Chart | None = None
    plots: str = ""
    unit: str = ""


def set_scenes(story: Story) -> tuple[Scene, ...]:
    """Return the exhibits of an incident, the oldest first, by the finding that brought them.

    A title alone names nothing: "the same moment at the source" comes with every fault. What a
    finding names by its ids is its own; the same sound of two findings is kept once and shown
    with both. The rest is put together by its signal and time.
    """
    kept = {row.id: row for row in story.exhibits}
    shown: set[str] = set()
    scenes: list[Scene] = []
    for finding in sorted(story.findings, key=lambda one: one.at_ms):
        pieces = [
            Piece(one.id, one.title, one.media_type)
            for one in finding.evidence.exhibits
            if one.id in kept
        ]
        if pieces:
            shown.update(piece.id for piece in pieces)
            scenes.append(_of_finding(finding, pieces))
    rest = [row for row in story.exhibits if row.id not in shown]
    for signal, at_ms in dict.fromkeys((row.signal, row.at_ms) for row in rest):
        pieces = [
            Piece(row.id, row.title, row.media_type)
            for row in rest
            if (row.signal, row.at_ms) == (signal, at_ms)
        ]
        scenes.append(Scene(signal, "", at_ms, tuple(pair_up(pieces))))
    return tuple(sorted(scenes, key=lambda scene: scene.at_ms))


def pair_up(pieces: Sequence[Piece]) -> Iterator[Figure]:
    """Yield each sound with one picture of its title, then the pictures that no sound has."""
    pictures = [one for one in pieces if one.media_type.startswith(_PICTURE)]
    for sound in pieces:
        if sound.media_type.startswith(_PICTURE):
            continue
        mine = _first_of(pictures, sound.title + _AS_PICTURE)
        if mine is not None:
            pictures.remove(mine)
        yield Figure(sound.title, sound.id, mine.id if mine else "")
    for picture in pictures:
        yield Figure(picture.title.removesuffix(_AS_PICTURE), "", picture.id)


def _first_of(pictures: Iterable[Piece], title: str) -> Piece | None:
    return next((one for one in pictures if one.title == title), None)


def _of_finding(finding: Finding, pieces: Sequence[Piece]) -> Scene:
    return Scene(
        signal=finding.signal,
        service=finding.subject.service,
        at_ms=finding.at_ms,
        figures=tuple(pair_up(pieces)),
        chart=draw_evidence(finding.evidence),
        plots=plotted(finding.signal, finding.evidence),
        unit=finding.evidence.unit,
    )
