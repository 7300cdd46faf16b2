"""Which streams of one programme are one tap, and which are two."""

from dataclasses import replace

import numpy as np

from auscult.kernel.sounds import Heard, Stream
from auscult.kernel.words import Subject
from auscult.performance.lateness.programmes import Programme

BEGIN_MS = 1_795_000_000_000


def test_a_stream_whose_rendition_changes_is_the_same_tap() -> None:
    known, sound = Programme("pop"), np.zeros((4_800, 1), np.float32)
    edge = Stream("edge", "pop", Subject(service="edge"), 1, labels=(("pod", "a"),))
    heard = Heard(sound, 48_000, BEGIN_MS, size_bytes=1)
    for labels in ((("rendition", "96k"),), (("rendition", "48k"),), ()):
        known.hear(replace(edge, labels=edge.labels + labels), heard)
    assert list(known.taps) == ["edge"]
    known.hear(replace(edge, labels=(("pod", "b"),)), heard)
    assert len(known.taps) == 2
