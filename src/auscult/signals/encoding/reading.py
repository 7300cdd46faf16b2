"""Stretches out of audio files of any length: what is not sound, cut off or damaged is said so.

FFmpeg is given a list of formats, without those that name other files (`hls`, `concat`, ...).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from auscult.kernel.errors import BodyMalformed, InputError, MediaUnsupported
from auscult.kernel.sounds import Pcm

if TYPE_CHECKING:
    from av.container import InputContainer

RATE_HZ = 48_000
"""Stretches come at this rate, whatever the file has."""

FORMATS = "ogg,mov,mp4,mpegts,aac,mp3,flac,wav,w64,aiff,caf,matroska,webm"
GAP_MAX_S = 0.05
"""A decoder leaves out what is damaged, and goes on: it shows in the time of the next frame."""

CHANNELS_MAX = 2
LEAST_S = 1.0
LENGTH_MAX_S = 60.0
SKIPPED_MAX_S = 90.0
"""What lies between the place that was sought and the one found, at most."""


@dataclass(frozen=True, slots=True)
class FileForm:
    """What a file says of itself; a duration of 0 is unknown."""

    codec: str
    channels: int
    rate_hz: int
    duration_s: float


def survey_file(path: Path) -> FileForm:
    """Return the form of a file's first audio; raises as `read_stretch`."""
    with _open(path) as container:
        stream = container.streams.audio[0]
        context: Any = stream.codec_context
        return FileForm(context.name, context.channels, context.sample_rate, _duration_s(container))


def read_stretch(path: Path, *, begin_s: float, length_s: float) -> Pcm:
    """Return up to `length_s` of sound from `begin_s` on: float32 (n, 1 or 2) at `RATE_HZ`.

    It begins with the frame in which `begin_s` lies, up to 0.1 s sooner.

    Raises `MediaUnsupported` for what holds no audio in a form known here or more than two
    channels, `BodyMalformed` for what is damaged or ends too early, `InputError` where the file
    cannot be opened or more than a minute is asked for.
    """
    import av

    if not LEAST_S <= length_s <= LENGTH_MAX_S or begin_s < 0:
        raise InputError(f"a stretch of {length_s:g} s from {begin_s:g} s on")
    with _open(path) as container:
        try:
            if begin_s > 0:
                container.seek(int(begin_s * 1e6))
            pcm = _collect(container, begin_s=begin_s, length_s=length_s)
        except (av.FFmpegError, ValueError) as why:
            raise BodyMalformed(f"{path.name} cannot be decoded: {str(why)[:160]}") from None
    if len(pcm) < LEAST_S * RATE_HZ:
        held = f"{len(pcm) / RATE_HZ:.1f} s of sound from {begin_s:.0f} s on"
        raise BodyMalformed(f"{path.name} holds {held}; at least {LEAST_S:g} s are judged")
    if not np.isfinite(pcm).all():
        raise BodyMalformed(f"{path.name} holds samples that are no finite numbers")
    return pcm


def _open(path: Path) -> "InputContainer":
    import av

    if not path.is_file():
        raise InputError(f"{path} is no file")
    if not path.stat().st_size:
        raise BodyMalformed(f"{path.name} is empty")
    try:
        container = av.open(
            str(path), "r", options={"format_whitelist": FORMATS}, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError) as why:
        raise MediaUnsupported(f"{path.name} is no audio known here: {_short(why)}") from None
    if problem := _find_problem(container):
        container.close()
        raise MediaUnsupported(f"{path.name} {problem}")
    return container


def _find_problem(container: "InputContainer") -> str:
    if not container.streams.audio:
        return "holds no audio"
    context: Any = container.streams.audio[0].codec_context
    if context is None or not context.sample_rate:
        return "holds audio of a kind unknown here"
    if not 0 < context.channels <= CHANNELS_MAX:
        return f"has {context.channels} channels; judged are mono and stereo: mix it down first"
    return ""


def _duration_s(container: "InputContainer") -> float:
    stream = container.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _collect(container: "InputContainer", *, begin_s: float, length_s: float) -> Pcm:
    """Decode from where the file was sought to; a packet that cannot be decoded ends it."""
    import av

    stream = container.streams.audio[0]
    layout = "stereo" if stream.codec_context.channels == CHANNELS_MAX else "mono"
    resampler = av.AudioResampler(format="flt", layout=layout, rate=RATE_HZ)
    parts: list[Pcm] = []
    held, skipped_s, wanted, last_s = 0, 0.0, round(length_s * RATE_HZ), -1.0
    for frame in container.decode(stream):
        ends_s = (frame.time or 0.0) + frame.samples / frame.sample_rate
        if frame.time is not None and ends_s <= begin_s:
            skipped_s += frame.samples / frame.sample_rate
            if skipped_s > SKIPPED_MAX_S:
                raise ValueError(f"no way to {begin_s:.0f} s: its places are not to be trusted")
            continue
        if parts and frame.time is not None and frame.time - last_s > GAP_MAX_S:
            raise ValueError(f"damaged: a gap of {frame.time - last_s:.2f} s at {last_s:.0f} s")
        last_s = ends_s
        for ready in resampler.resample(frame):
            parts.append(_interleave(ready))
            held += ready.samples
        if held >= wanted:
            break
    return np.concatenate(parts)[:wanted].astype(np.float32) if parts else np.zeros((0, 1), "f4")


def _interleave(frame: Any) -> Pcm:  # noqa: ANN401  # PyAV is imported where it is used
    pcm: Pcm = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
    return pcm


def _short(why: Exception) -> str:
    return str(getattr(why, "strerror", "") or why)[:160]
