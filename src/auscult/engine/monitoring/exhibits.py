"""From clips to exhibits: a sound to play and its spectrogram, kept with the incident."""

from collections.abc import Iterable, Iterator

from auscult.detection.remarks import Clip, Told
from auscult.kernel.findings import EXHIBIT_BYTES_MAX, Exhibit, Finding
from auscult.performance.pictures import draw_spectrogram
from auscult.signals.listening.keeping import encode_flac

CLIPS_MAX = 3
SHORTEST_S = 0.1
TITLE_CHARS = 180


def with_exhibits(told: Told) -> Finding:
    """Return the finding with what belongs to it, as far as there is any."""
    exhibits = tuple(_exhibit_all(told.clips[:CLIPS_MAX]))
    if not exhibits:
        return told.finding
    evidence = told.finding.evidence.model_copy(update={"exhibits": exhibits})
    return told.finding.model_copy(update={"evidence": evidence})


def _exhibit_all(clips: Iterable[Clip]) -> Iterator[Exhibit]:
    for clip in clips:
        sound, title = clip.sound, clip.title[:TITLE_CHARS]
        if len(sound.samples) < SHORTEST_S * sound.rate_hz:
            continue
        body = encode_flac(sound.samples, sound.rate_hz)
        if len(body) <= EXHIBIT_BYTES_MAX:
            yield Exhibit.of(title, "audio/flac", body)
        picture = draw_spectrogram(sound.samples, sound.rate_hz)
        if len(picture) <= EXHIBIT_BYTES_MAX:
            yield Exhibit.of(f"{title}, as a picture", "image/png", picture)
