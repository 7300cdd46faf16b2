"""What advice is made of: titles of a folder, or the live sources recorded; and who listens."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.engine.codec.audience import ASSUMED_SIGMA, assume_audience
from auscult.engine.codec.hearing import NICE, RECORD
from auscult.engine.codec.section import CodecSettings
from auscult.engine.jobs import Beat, Budget, Done, Task, run_tasks
from auscult.kernel.errors import InputError

SUFFIXES = frozenset({".aac", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".webm"})
LATE_S = 60.0
"""So much longer than the recording itself a worker may take for it."""

RECORDED_AT_ONCE = 4
"""A minute and a half of sound takes its worker up to 300 MB."""

MEASURED_MIN = 30
"""Fewer figures than this say nothing of an audience."""

Doubles = NDArray[np.float64]


def gather_titles(section: CodecSettings, folder: Path, beat: Beat) -> tuple[Path, ...]:
    """Return the files to advise on; where no folder is named, sources are recorded into `folder`.

    Raises `InputError` where there are none.
    """
    if section.titles is None:
        return record_sources(section, folder, beat)
    try:
        found = [one for one in section.titles.iterdir() if one.suffix.lower() in SUFFIXES]
    except OSError as why:
        raise InputError(f"{section.titles}: {why.strerror}") from None
    if not found:
        raise InputError(f"{section.titles} holds no audio file")
    return tuple(pick_evenly(sorted(found), section.titles_max))


def pick_evenly(files: list[Path], most: int) -> Iterable[Path]:
    """Return at most so many, evenly over the sorted list, so that one album does not speak."""
    places = np.linspace(0, len(files) - 1, min(most, len(files))).round().astype(int)
    return [files[at] for at in places]


def record_sources(section: CodecSettings, folder: Path, beat: Beat) -> tuple[Path, ...]:
    """Record every stream's source for `record_s`; raises `InputError` for none heard."""
    tasks = [
        Task(
            one.name,
            RECORD,
            {
                "url": str(one.source),
                "seconds": section.record_s,
                "path": str(folder / f"{number}-{_name_file(one.name)}.wav"),
            },
        )
        for number, one in enumerate(section.streams[: section.titles_max])
    ]
    # A recording waits for sound nearly all of its time, and keeps all of it in memory.
    workers = min(len(tasks), RECORDED_AT_ONCE)
    budget = Budget(workers=workers, task_s=section.record_s + LATE_S, nice=NICE, tries=1)
    files, reasons = [], []
    for end in run_tasks(tasks, budget, beat=beat):
        if isinstance(end, Done):
            files.append(Path(end.task.words["path"]))
        else:
            reasons.append(f"{end.task.name}: {end.reason}")
    if not files:
        raise InputError(f"no source could be recorded: {'; '.join(reasons)}")
    return tuple(sorted(files))


def measure_audience(section: CodecSettings, told_kbps: Doubles) -> tuple[Doubles, str]:
    """Return the listeners' throughput, and in words where it is from.

    told_kbps: float64 (n,), means that players told (CMCD `mtp`), finite and positive. A mean says
    how fast listeners are, not how far apart: their spread is the assumed one (log-normal).
    """
    if section.throughput_kbps:
        given = np.array(section.throughput_kbps, dtype=np.float64)
        return given, f"{given.size} throughputs of the settings"
    if told_kbps.size >= MEASURED_MIN:
        # The mean of a log-normal lies above its median by this factor.
        median_kbps = float(told_kbps.mean()) / float(np.exp(ASSUMED_SIGMA**2 / 2))
        assumed = assume_audience()
        scaled = assumed * (median_kbps / float(np.median(assumed)))
        return scaled, f"a mean of {told_kbps.mean():.0f} kbit/s told by players, spread assumed"
    return assume_audience(), "an assumed audience (median 1 Mbit/s)"


def _name_file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:60]
