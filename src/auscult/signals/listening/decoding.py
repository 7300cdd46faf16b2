"""Decoding what came over the network: one decoder goes on across segments, as a player's does.

A decoder that began anew with every segment would lose what codecs overlap (a frame of AAC, 80 ms
of Opus), and the listener would hear gaps that nobody else does. FFmpeg's own trimming at the
edges of a file is switched off for the same reason.

FFmpeg opens nothing by itself here: it sees bytes only, and knows no format that names other files
(`hls`, `concat`, ... in a body would have it read whatever the body says).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import StreamUnheard
from auscult.kernel.sounds import Pcm, Why

if TYPE_CHECKING:
    from av import Packet
    from av.audio import AudioFrame, AudioStream
    from av.audio.codeccontext import AudioCodecContext
    from av.container import InputContainer

FORMATS = "ogg,mov,mp4,mpegts,aac,mp3,flac,wav,matroska,webm"
RATE_MAX_HZ = 192_000
CHANNELS_MAX = 8
STRETCH_MAX_S = 120.0
"""A body may hold that much sound at most: 16 MB at 6 kbit/s would be six hours."""

STRETCH_SAMPLES_MAX = 12_000_000
"""Of all channels together, 48 MB: two minutes of stereo at 48 kHz."""

WAV_PACKET_BYTES = 4_096
"""FFmpeg reads WAV in packets of 85 ms at 48 kHz, and what is there of a packet waits for the rest:
at the end of a chunk until the next one comes. These are 21 ms of stereo, as a frame of AAC is."""

FORMS_MAX = 8
"""Between so many rates and numbers of channels a body may change at most: each begins anew."""


class Decoder:
    """Turns bodies of one stream into samples; `restart` where the encoding starts anew."""

    def __init__(self) -> None:
        """Begin without knowing the codec."""
        self.broken_packets = 0
        self._codec: AudioCodecContext | None = None
        self._key: tuple[object, ...] = ()
        self.has_changed = False
        """Whether codec, rate or channels changed with the last body, after the first."""

    def restart(self) -> None:
        """Forget the decoder's memory: what comes does not belong to what came."""
        self._codec = None

    def decode(self, body: bytes) -> tuple[Pcm, int]:
        """Return the samples of one whole body and their rate in Hz.

        Raises `StreamUnheard`: no audio, nothing that can be decoded, past the limits, or more than
        one form.
        """
        first, *more = self.decode_forms(body)
        if more:
            detail = f"it changes on the way from {_form_of(first)} to {_form_of(more[0])}"
            raise StreamUnheard(detail, why=Why.MALFORMED)
        return first

    def decode_forms(self, body: bytes) -> list[tuple[Pcm, int]]:
        """Return the samples of one whole body and their rate, cut where rate or channels change.

        Raises `StreamUnheard`: no audio, nothing that can be decoded, past the limits.
        """
        runs: list[list[Pcm]] = []
        rates: list[int] = []
        for pcm, rate_hz in self.decode_stream(BytesIO(body)):
            if not runs or rates[-1] != rate_hz or runs[-1][0].shape[1] != pcm.shape[1]:
                if len(runs) == FORMS_MAX:
                    detail = f"its rate or channels change more than {FORMS_MAX - 1} times"
                    raise StreamUnheard(detail, why=Why.MALFORMED)
                runs.append([])
                rates.append(rate_hz)
            runs[-1].append(pcm)
        if not runs:
            raise StreamUnheard("not one frame of it can be decoded", why=Why.MALFORMED)
        return [(np.concatenate(run), rate) for run, rate in zip(runs, rates, strict=True)]

    def decode_stream(self, source: BinaryIO, *, bounded: bool = True) -> Iterator[tuple[Pcm, int]]:
        """Yield samples and their rate frame by frame while `source` is read; raises the same."""
        import av

        options = {
            "format_whitelist": FORMATS,
            "probesize": "65536",
            "analyzeduration": "500000",
            "max_size": str(WAV_PACKET_BYTES),
        }
        length = _Length()
        try:
            with av.open(source, "r", options=options, metadata_errors="replace") as container:
                stream = self._tune(container)
                for packet in container.demux(stream):
                    for frame in self._frames(packet):
                        pcm = _samples_of(frame)
                        if bounded:
                            length.add(pcm, frame.sample_rate)
                        yield pcm, frame.sample_rate
        except av.FFmpegError as why:
            detail = f"it cannot be decoded: {why.strerror or type(why).__name__}"
            raise StreamUnheard(detail[:200], why=Why.MALFORMED) from None
        except (ValueError, IndexError) as why:
            raise StreamUnheard(f"it cannot be decoded: {why}"[:200], why=Why.MALFORMED) from None

    def _tune(self, container: "InputContainer") -> "AudioStream":
        """Return the stream to hear; the decoder is made anew only where the coding changed."""
        import av
        from av.codec.context import Flags2

        if not container.streams.audio:
            raise StreamUnheard("it holds no audio", why=Why.NO_AUDIO)
        stream = container.streams.audio[0]
        told: AudioCodecContext | None = stream.codec_context
        if told is None:
            raise StreamUnheard("its audio is of a kind unknown here", why=Why.NO_AUDIO)
        key = (told.name, told.extradata, told.sample_rate, told.channels)
        if not 0 < told.sample_rate <= RATE_MAX_HZ or not 0 < told.channels <= CHANNELS_MAX:
            form = f"{told.channels} channels at {told.sample_rate} Hz"
            raise StreamUnheard(form, why=Why.TOO_LARGE)
        self.has_changed = bool(self._key) and key != self._key
        if self._codec is None or key != self._key:
            codec: Any = av.CodecContext.create(told.name, "r")
            codec.extradata, codec.sample_rate = told.extradata, told.sample_rate
            codec.layout = told.layout
            codec.flags2 |= Flags2.skip_manual
            self._codec, self._key = codec, key
        return stream

    def _frames(self, packet: "Packet[AudioStream]") -> "list[AudioFrame]":
        import av

        if not packet.size:
            return []  # the end of the body: the decoder goes on with the next one
        assert self._codec is not None
        try:
            return list(self._codec.decode(packet))
        except av.FFmpegError:
            self.broken_packets += 1
            return []  # a player goes on without it, and so the ear hears what its listener hears


@dataclass(slots=True)
class _Length:
    """How much a body has held so far."""

    seconds: float = 0.0
    samples: int = 0

    def add(self, pcm: Pcm, rate_hz: int) -> None:
        """Count a frame; raises `StreamUnheard` past the limits."""
        self.seconds += len(pcm) / rate_hz
        self.samples += pcm.size
        if self.seconds > STRETCH_MAX_S:
            raise StreamUnheard(f"more than {STRETCH_MAX_S:g} s of sound", why=Why.TOO_LARGE)
        if self.samples > STRETCH_SAMPLES_MAX:
            detail = f"more than {STRETCH_SAMPLES_MAX} samples at once"
            raise StreamUnheard(detail, why=Why.TOO_LARGE)


def _form_of(found: tuple[Pcm, int]) -> str:
    return f"{found[0].shape[1]} channels at {found[1]} Hz"


def _samples_of(frame: "AudioFrame") -> Pcm:
    """Return a frame's samples as float32 of shape (n, channels)."""
    channels = len(frame.layout.channels)
    raw: NDArray[Any] = frame.to_ndarray()
    shaped = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
    pcm: Pcm = np.ascontiguousarray(shaped, dtype=np.float32)
    if raw.dtype.kind == "u":
        pcm = (pcm - 128.0) / 128.0
    elif raw.dtype.kind == "i":
        pcm /= 2.0 ** (8 * raw.dtype.itemsize - 1)
    return pcm
