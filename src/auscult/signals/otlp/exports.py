"""An OTLP request as it came over HTTP, and what is answered of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Export:
    """The body of an OTLP request as it came, and how it is written and packed."""

    body: bytes
    media: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many spans, points or records of a request were not taken, and why."""

    count: int = 0
    why: str = ""
