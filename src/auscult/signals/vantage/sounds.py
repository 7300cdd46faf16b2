"""A report of sound: one line of JSON that says what it is, then the sound itself as FLAC."""

from io import BytesIO
from typing import Annotated, Self

import numpy as np
from pydantic import Field, ValidationError

from auscult.kernel.errors import BodyMalformed, BodyTooLarge, StreamUnheard
from auscult.kernel.sounds import Heard, Pcm, Stream, Unheard, Why
from auscult.kernel.words import Subject, Word
from auscult.signals.listening import Decoder, encode_flac

SOUND_MEDIA = "application/vnd.auscult.sound"
REPORT_BYTES_MAX = 8 << 20
SAMPLES_MAX = 6_000_000
"""Of all channels together: half a minute of stereo at 96 kHz, 24 MB."""

RATE_MIN_HZ, RATE_MAX_HZ = 8_000, 192_000
"""What can be listened to; the limits of the room of hearing."""

HEAD_BYTES_MAX = 8 << 10
LABELS_MAX = 32

Text = Annotated[str, Field(max_length=300)]
Instant = Annotated[int, Field(ge=0, le=2**52)]


class Head(Word):
    """What a report is about. Times are Unix milliseconds by the agent's own clock.

    `gain` is what the samples were divided by, for a decoder may go beyond full scale; `why` is set
    where there is no sound.
    """

    sent_ms: Instant
    at_ms: Instant
    name: Text = Field(min_length=1)
    programme: Text
    service: Text
    instance: Text = ""
    hop: int | None = Field(default=None, ge=0, le=63)
    vantage: Text
    labels: tuple[tuple[Text, Text], ...] = Field(default=(), max_length=LABELS_MAX)
    why: Why | None = None
    detail: str = Field(default="", max_length=500)
    gain: float = Field(default=1.0, ge=1.0, le=64.0)
    size_bytes: int = Field(default=0, ge=0)
    media_ms: Instant | None = None
    follows: bool = True

    @classmethod
    def of(cls, stream: Stream, *, at_ms: int, sent_ms: int, **more: object) -> Self:
        """Return the head of a report about a stream."""
        return cls.model_validate(
            {
                "sent_ms": sent_ms,
                "at_ms": at_ms,
                "name": stream.name,
                "programme": stream.programme,
                "service": stream.subject.service,
                "instance": stream.subject.instance,
                "hop": stream.hop,
                "vantage": stream.vantage,
                "labels": stream.labels,
                **more,
            }
        )

    @property
    def stream(self) -> Stream:
        """The stream it is about."""
        return Stream(
            name=self.name,
            programme=self.programme,
            subject=Subject(service=self.service, instance=self.instance),
            hop=self.hop,
            vantage=self.vantage,
            labels=self.labels,
        )


def pack_sound(stream: Stream, found: Heard | Unheard, *, sent_ms: int) -> bytes:
    """Return the report of what was found in a stream. Of more than two channels two are told."""
    if isinstance(found, Unheard):
        head = Head.of(
            stream, at_ms=found.at_ms, sent_ms=sent_ms, why=found.why, detail=found.detail
        )
        return head.model_dump_json().encode() + b"\n"
    gain = max(1.0, float(np.abs(found.samples).max(initial=0.0)))
    head = Head.of(
        stream,
        at_ms=found.arrived_ms,
        sent_ms=sent_ms,
        gain=gain,
        size_bytes=found.size_bytes,
        media_ms=found.media_ms,
        follows=found.follows,
    )
    body = encode_flac(found.samples / np.float32(gain), found.rate_hz)
    return head.model_dump_json().encode() + b"\n" + body


def unpack_sound(body: bytes, *, now_ms: int) -> tuple[Stream, Heard | Unheard]:
    """Return what a report tells, its times by our clock: what the two differ by is taken off.

    What the report took on its way counts as lateness; it is milliseconds where clocks differ by
    minutes. Raises `BodyMalformed`, `BodyTooLarge`.
    """
    if len(body) > REPORT_BYTES_MAX:
        raise BodyTooLarge(f"more than {REPORT_BYTES_MAX} bytes of sound at once")
    line, _, sound = body.partition(b"\n")
    head = _read_head(line)
    ahead_ms = now_ms - head.sent_ms
    if head.why is not None:
        return head.stream, Unheard(head.why, min(head.at_ms, head.sent_ms) + ahead_ms, head.detail)
    samples, rate_hz = _decode(sound)
    return head.stream, Heard(
        samples=samples * np.float32(head.gain),
        rate_hz=rate_hz,
        arrived_ms=min(head.at_ms, head.sent_ms) + ahead_ms,
        size_bytes=head.size_bytes,
        media_ms=head.media_ms,
        follows=head.follows,
    )


def _decode(sound: bytes) -> tuple[Pcm, int]:
    """Return samples and rate; a small body that holds hours is left where it becomes too much."""
    parts: list[Pcm] = []
    count, known_hz = 0, 0
    try:
        for pcm, rate_hz in Decoder().decode_stream(BytesIO(sound)):
            if not RATE_MIN_HZ <= rate_hz <= RATE_MAX_HZ:
                raise BodyMalformed(f"{rate_hz} Hz; sound has from {RATE_MIN_HZ} to {RATE_MAX_HZ}")
            if known_hz not in {0, rate_hz}:
                raise BodyMalformed(f"its rate changes from {known_hz} to {rate_hz} Hz on the way")
            count += pcm.size
            if count > SAMPLES_MAX:
                raise BodyTooLarge(f"more than {SAMPLES_MAX} samples in one report of sound")
            parts.append(pcm)
            known_hz = rate_hz
        if not parts:
            raise BodyMalformed("a report of sound in which there is none")
        return np.concatenate(parts), known_hz
    except (StreamUnheard, ValueError) as why:  # or its channels change on the way
        raise BodyMalformed(f"the sound of a report: {why}") from None


def _read_head(line: bytes) -> Head:
    if len(line) > HEAD_BYTES_MAX:
        raise BodyMalformed("the first line of a report of sound is no line of JSON")
    try:
        return Head.model_validate_json(line)
    except ValidationError as why:
        first = why.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BodyMalformed(f"the head of a report of sound: {where}: {first['msg']}") from None
