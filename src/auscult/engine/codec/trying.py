"""What workers do for codec advice: look at a file, try one stretch of it at some rungs.

Each takes and returns a JSON object; nothing is kept between two.
"""

from functools import partial
from pathlib import Path

import numpy as np

from auscult.engine.jobs.budget import Words
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.sounds import Pcm
from auscult.performance.codec import (
    OWN,
    Measure,
    Quality,
    Rung,
    Stretch,
    find_measure,
    try_rungs,
)
from auscult.signals.encoding import RATE_HZ, Coding, encode, read_stretch, survey_file

SURVEY, TRY = (f"auscult.engine.codec.trying:{name}" for name in ("survey", "try_stretch"))

LEAD_S = 2.0
"""So much before a stretch is coded with it: an encoder that just began gives it more bits."""

SILENT_RMS = 1e-4
"""-80 dBFS: what is quieter is heard by nobody, and no score says anything of it."""


def survey(words: Words) -> Words:
    """Take {path}; return {channels, duration_s, codec}."""
    form = survey_file(Path(words["path"]))
    return {"channels": form.channels, "duration_s": form.duration_s, "codec": form.codec}


def try_stretch(words: Words) -> Words:
    """Take {path, begin_s, length_s, rungs: [[codec, kbps]], own: bool, opus_complexity}.

    Return {rungs: [[codec, kbps, real_kbps, mean, worst, width_loss_db]], measure}.
    """
    lead_s = min(LEAD_S, words["begin_s"])
    samples = read_stretch(
        Path(words["path"]),
        begin_s=words["begin_s"] - lead_s,
        length_s=words["length_s"] + lead_s,
    )
    # Of a file that is cut off less may have come: a second of it is judged at least.
    lead = min(round(lead_s * RATE_HZ), max(0, len(samples) - RATE_HZ))
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < SILENT_RMS:
        raise BodyMalformed(f"silent from {words['begin_s']:.0f} s on: nothing to be judged")
    measure = choose_measure(own=words["own"])
    rungs = [Rung(codec, kbps) for codec, kbps in words["rungs"]]
    stretch = Stretch(samples, RATE_HZ, lead)
    encode_stretch = partial(_encode, opus_complexity=words["opus_complexity"])
    found = try_rungs(stretch, rungs, measure=measure, encode=encode_stretch)
    rows = [
        [rung.codec, rung.nominal_kbps, kbps, one.mean, one.worst, one.width_loss_db]
        for rung, (kbps, one) in found.items()
    ]
    return {"rungs": rows, "measure": measure.name}


def read_found(answer: Words) -> dict[Rung, tuple[float, Quality]]:
    """Return what `try_stretch` found."""
    return {
        Rung(codec, nominal): (kbps, Quality(answer["measure"], mean, worst, loss_db))
        for codec, nominal, kbps, mean, worst, loss_db in answer["rungs"]
    }


def choose_measure(*, own: bool) -> Measure:
    """Return the measure to score by: our own where it is asked for or nothing else is there."""
    return OWN if own else find_measure()


def _encode(stretch: Stretch, rung: Rung, *, opus_complexity: int) -> tuple[int, Pcm]:
    lead_s = stretch.lead / stretch.rate_hz
    coding = Coding(rung.codec, rung.nominal_kbps, opus_complexity, lead_s)
    coded = encode(stretch.samples, stretch.rate_hz, coding)
    return coded.size_bytes, coded.heard
