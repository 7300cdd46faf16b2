"""An alert, as Alertmanager's clients send and read it.

An alert is one label set for which something holds, from a time to a time; who sends it says so
again and again, and what is not said again ends by itself. Identity and merging follow Prometheus
Alertmanager 0.25 (`types/types.go`, `provider/mem`, `prometheus/common/model/signature.go`), so
that a fingerprint is the same before and after a move.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from auscult.kernel.words import Labels

FNV_OFFSET, FNV_PRIME = np.uint64(14_695_981_039_346_656_037), np.uint64(1_099_511_628_211)
FIRST_LABELS = ("job", "instance")
LAST_CHAR = 0x10FFFF
ENDED = "\udcff"
"""Ends a word in what is hashed: the byte 0xff, which no UTF-8 text has (PEP 383)."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: `ends_ms` lies ahead while it fires; by `is_timed` it was not said by the sender.

    `annotations` are (name, value) pairs, sorted by name, as `labels` are.
    """

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_ms: int
    ends_ms: int
    updated_ms: int
    generator_url: str = ""
    is_timed: bool = False

    def is_resolved(self, now_ms: int) -> bool:
        """Say whether it is over."""
        return self.ends_ms <= now_ms

    @property
    def span(self) -> "Span":
        """Return from when to when it fires."""
        return Span(self.starts_ms, self.ends_ms, self.is_timed)


def rank(alert: Alert) -> tuple[object, ...]:
    """Return what alerts are sorted by to stand as Alertmanager shows them.

    By job, then instance, then the number of labels; then by the first label in which two differ:
    the one that has not the name comes first, else the lesser value (`types.AlertSlice.Less`, and
    `LabelSet.Before` of `prometheus/common`).
    """
    named = dict(alert.labels)
    first = tuple((name not in named, named.get(name, "")) for name in FIRST_LABELS)
    rest = tuple((_mirrored(name), value) for name, value in alert.labels)
    return (*first, len(rest), rest)


@lru_cache(maxsize=4_096)
def _mirrored(name: str) -> str:
    """Return a text that sorts before another where the name sorts behind the other's."""
    return "".join(chr(LAST_CHAR - ord(char)) for char in name) + chr(LAST_CHAR)


class Span(NamedTuple):
    """From when to when an alert fires, and whether its end came of the timeout.

    All that must be known of an alert to take in what is said of it later.
    """

    starts_ms: int
    ends_ms: int
    is_timed: bool

    def merge(self, younger: Alert, *, now_ms: int) -> Alert:
        """Return the younger one, with the span of both where they touch.

        The earliest start wins. A later end wins while it fires, unless it came of the timeout.
        """
        begins_inside = self.starts_ms < younger.starts_ms < self.ends_ms
        if not begins_inside and not self.starts_ms < younger.ends_ms < self.ends_ms:
            return younger
        starts_ms, ends_ms = min(self.starts_ms, younger.starts_ms), younger.ends_ms
        if self.ends_ms > younger.ends_ms:
            both_over = younger.is_resolved(now_ms) and self.ends_ms <= now_ms
            still_on = not younger.is_resolved(now_ms) and not self.is_timed
            ends_ms = self.ends_ms if both_over or still_on else ends_ms
        if starts_ms == younger.starts_ms and ends_ms == younger.ends_ms:
            return younger
        return replace(younger, starts_ms=starts_ms, ends_ms=ends_ms)


def fingerprints(label_sets: Sequence[Labels]) -> list[str]:
    """Return the identity of each label set: 64-bit FNV-1a, as 16 hexadecimal digits.

    Many at once, column by column: byte by byte in Python it would cost more than all the rest
    of taking an alert in. Method: G. Fowler, L. C. Noll, K.-P. Vo, "The FNV Non-Cryptographic Hash
    Algorithm" (IETF draft).
    """
    texts = [_spelt(labels) for labels in label_sets]
    if not texts:
        return []
    lengths = np.array([len(text) for text in texts])
    order = np.argsort(-lengths, kind="stable")
    lengths, longest = lengths[order], int(lengths.max())
    padded = b"".join([texts[number].ljust(longest, b"\0") for number in order.tolist()])
    columns = np.frombuffer(padded, np.uint8).reshape(len(texts), longest).T.astype(np.uint64)
    going = len(texts) - np.searchsorted(lengths[::-1], np.arange(longest), side="right")
    hashes = np.full(len(texts), FNV_OFFSET)
    for column, count in zip(columns, going.tolist(), strict=True):
        some = hashes[:count]
        some ^= column[:count]
        some *= FNV_PRIME
    told = np.empty_like(hashes)
    told[order] = hashes
    return [f"{one:016x}" for one in told.tolist()]


def _spelt(labels: Labels) -> bytes:
    """Return what is hashed: each name and each value, ended."""
    return ENDED.join(chain(*labels, ("",))).encode(errors="surrogateescape")
