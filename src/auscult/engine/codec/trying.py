"""What workers do for codec advice: look at a file, try one stretch of it at some rungs.

Each takes and returns a JSON object; nothing is kept between two.
"""

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
    find_measure,
    try_rungs,
)
from auscult.signals.encoding import RATE_HZ, encode, read_stretch, survey_file

SURVEY, TRY = (f"auscult.engine.codec.trying:{name}" for name in ("survey", "try_stretch"))

SILENT_RMS = 1e-4
"""-80 dBFS: what is quieter is heard by nobody, and no score says anything of it."""


def survey(words: Words) -> Words:
    """Take {path}; return {channels, duration_s, codec}."""
    form = survey_file(Path(words["path"]))
    return {"channels": form.channels, "duration_s": form.duration_s, "codec": form.codec}


def try_stretch(words: Words) -> Words:
    """Take {path, begin_s, length_s, rungs: [[codec, kbps]], own: bool}.

    Return {rungs: [[codec, kbps, real_kbps, mean, worst, width_loss_db]], measure}.
    """
    samples = read_stretch(
        Path(words["path"]), begin_s=words["begin_s"], length_s=words["length_s"]
    )
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < SILENT_RMS:
        raise BodyMalformed(f"silent from {words['begin_s']:.0f} s on: nothing to be judged")
    measure = choose_measure(own=words["own"])
    rungs = [Rung(codec, kbps) for codec, kbps in words["rungs"]]
    found = try_rungs(samples, rungs, rate_hz=RATE_HZ, measure=measure, encode=_encode)
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


def _encode(samples: Pcm, rate_hz: int, rung: Rung) -> tuple[int, Pcm]:
    coded = encode(samples, rate_hz, codec=rung.codec, kbps=rung.nominal_kbps)
    return coded.size_bytes, coded.heard
