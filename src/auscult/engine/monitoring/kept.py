"""What outlasts a restart: what each tenant's monitors have open, and what they remember."""

from typing import Any, Literal, Self

from pydantic import Field

from auscult.detection.remarks import OPEN_MAX, Key, Open, Remark
from auscult.kernel.words import Labels, Severity, Subject, Word


class KeptRemark(Word):
    """An open remark without its sound and its curve: these were told."""

    monitor: str
    seen_by: str
    about: str
    signal: str
    subject: Subject
    since_ms: int
    told_ms: int
    severity: Severity
    sentence: str
    score: float
    labels: Labels = ()

    @classmethod
    def of(cls, key: Key, known: Open) -> Self:
        """Return what is kept of an open remark."""
        remark = known.remark
        return cls(
            monitor=key[0],
            seen_by=known.seen_by,
            about=remark.about,
            signal=remark.signal,
            subject=remark.subject,
            since_ms=remark.since_ms,
            told_ms=known.told_ms,
            severity=remark.severity,
            sentence=remark.sentence,
            score=remark.score,
            labels=remark.labels,
        )

    @property
    def key(self) -> Key:
        """What it is the same about."""
        return self.monitor, self.about, self.signal

    def open(self, now_ms: int) -> Open:
        """Return it as it was, heard of now."""
        remark = Remark(
            about=self.about,
            signal=self.signal,
            subject=self.subject,
            since_ms=self.since_ms,
            severity=self.severity,
            sentence=self.sentence,
            score=self.score,
            labels=self.labels,
        )
        return Open(remark, self.seen_by, heard_ms=now_ms, told_ms=min(self.told_ms, now_ms))


class KeptMemory(Word):
    """One lookout's memory, and by whom it can be read."""

    plug: str
    version: int
    memory: dict[str, Any]


class KeptPost(Word):
    """One tenant's; `memories` by the monitor's name."""

    remarks: tuple[KeptRemark, ...] = Field(default=(), max_length=OPEN_MAX)
    memories: dict[str, KeptMemory] = {}


class KeptPosts(Word):
    """All of one process, by tenant."""

    version: Literal[1] = 1
    posts: dict[str, KeptPost] = {}
