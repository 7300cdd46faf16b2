"""What monitors hold outlasts a restart: told once, ended once, and never taken from rubbish."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auscult.detection.remarks import RESUMED_QUIET_MS, Remark
from auscult.engine.monitoring import keeping as module
from auscult.engine.monitoring import posts
from auscult.engine.monitoring.keeping import FILE_NAME, Keeping
from auscult.engine.monitoring.kept import KeptPost
from auscult.engine.monitoring.posts import Post
from auscult.kernel.errors import BodyMalformed
from auscult.kernel.findings import Phase
from auscult.kernel.words import Severity, Subject
from auscult.performance.port import Lookout, Memory, Monitor, View
from auscult.runtime.metrics import Metrics
from tests.unit.engine.bench import ACME

START_MS = 1_000_000


@dataclass
class Saying:
    """Says what it is told to, and remembers a word."""

    word: str = "new"
    says: list[Remark] = field(default_factory=list)

    def look(self, _view: View) -> Iterable[Remark]:
        return self.says

    def keep(self) -> Memory:
        return {"word": self.word}


class Talker(Monitor):
    """Begins with what was kept."""

    def begin(self) -> Lookout:
        return Saying()

    def resume(self, memory: Memory, *, now_ms: int) -> Lookout:
        if memory["word"] == "rubbish":
            raise BodyMalformed("no word")
        return Saying(f"{memory['word']}, resumed")


@pytest.fixture(autouse=True)
def only_talker(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shelf:
        def names(self) -> list[str]:
            return ["talker"]

        def make(self, _name: str, _settings: Any) -> Monitor:
            return Talker(quiet_s=5)

    Talker.plug_name = "talker"
    monkeypatch.setattr(posts, "MONITORS", Shelf())


def remark(signal: str = "silence") -> Remark:
    return Remark(
        about="radio",
        signal=signal,
        subject=Subject(service="edge"),
        since_ms=START_MS,
        severity=Severity.CRITICAL,
        sentence="silent",
        labels=(("pod", "a"),),
    )


def saying(post: Post, *remarks: Remark, now_ms: int) -> list[tuple[str, Phase]]:
    lookout = post.lookouts.get("talker")
    if isinstance(lookout, Saying):
        lookout.says = list(remarks)
    told = post.look(View(ACME, now_ms))
    return [(one.finding.signal, one.finding.phase) for one in told]


def begun() -> Post:
    post = Post(ACME, Metrics())
    post.look(View(ACME, START_MS))
    return post


def restarted(folder: Path, before: Post, told: frozenset[str] | None = None) -> Post:
    """Return a post of the next start, 1 s later."""
    Keeping(folder).save({ACME: before.keep()})
    after = Post(ACME, Metrics())
    kept = Keeping(folder).restore()[ACME]
    after.resume(kept, before.ledger.firing() if told is None else told, now_ms=START_MS + 1_000)
    after.look(View(ACME, START_MS + 1_000))
    return after


def test_what_was_told_is_not_told_again_and_ends_once(tmp_path: Path) -> None:
    before = begun()
    assert saying(before, remark(), now_ms=START_MS) == [("silence", Phase.FIRING)]
    after = restarted(tmp_path, before)
    assert after.ledger.firing() == before.ledger.firing()
    assert saying(after, now_ms=START_MS + 30_000) == [], "it has to be heard anew first"
    assert saying(after, remark(), now_ms=START_MS + 40_000) == []
    assert saying(after, now_ms=START_MS + 46_000) == [("silence", Phase.CLEARED)]


def test_what_is_not_said_again_ends_and_says_that_nobody_knows(tmp_path: Path) -> None:
    before = begun()
    saying(before, remark(), now_ms=START_MS)
    after = restarted(tmp_path, before)
    (end,) = after.look(View(ACME, START_MS + 1_001 + RESUMED_QUIET_MS))
    assert end.finding.phase is Phase.CLEARED
    assert "after a restart" in end.finding.evidence.sentence
    assert end.finding.evidence.labels == (("pod", "a"),)


def test_what_never_reached_the_store_is_told_again(tmp_path: Path) -> None:
    before = begun()
    saying(before, remark(), now_ms=START_MS)
    after = restarted(tmp_path, before, told=frozenset())
    assert saying(after, remark(), now_ms=START_MS + 2_000) == [("silence", Phase.FIRING)]


def test_what_a_monitor_said_that_is_no_longer_wanted_ends(tmp_path: Path) -> None:
    before = begun()
    saying(before, remark(), now_ms=START_MS)
    after = Post(ACME, Metrics())
    after.configure({"talker": Talker(enabled=False)})
    after.resume(before.keep(), before.ledger.firing(), now_ms=START_MS)
    assert [one.finding.phase for one in after.look(View(ACME, START_MS))] == [Phase.CLEARED]


@pytest.mark.parametrize(
    ("word", "version", "resumed"),
    [("old", 1, "old, resumed"), ("rubbish", 1, "new"), ("old", 2, "new")],
)
def test_a_memory_is_resumed_by_its_own_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, version: int, resumed: str
) -> None:
    before = begun()
    lookout = before.lookouts["talker"]
    assert isinstance(lookout, Saying)
    lookout.word = word
    kept = before.keep()
    monkeypatch.setattr(Talker, "memory_version", version)
    after = Post(ACME, Metrics())
    after.resume(kept, (), now_ms=START_MS)
    after.look(View(ACME, START_MS))
    there = after.lookouts["talker"]
    assert isinstance(there, Saying)
    assert there.word == resumed


@pytest.mark.parametrize(
    "text", ["", "{", '{"version": 2, "posts": {}}', '{"posts": [1]}', "x" * 99]
)
def test_a_file_that_cannot_be_read_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 50)
    (tmp_path / FILE_NAME).write_text(text)
    assert Keeping(tmp_path).restore() == {}
    assert [one.name for one in tmp_path.iterdir()] == ["monitors.unreadable"]
    assert Keeping(tmp_path).restore() == {}


def test_a_disk_that_takes_nothing_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    Keeping(tmp_path / "no-folder").save({ACME: KeptPost()})
    (tmp_path / "no-folder").unlink()
    Keeping(tmp_path / "no-folder").save({ACME: KeptPost()})
    assert Keeping(tmp_path / "no-folder").restore() == {ACME: KeptPost()}


async def test_what_changed_is_kept_soon(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path)
    post = begun()

    async def keep() -> dict[Any, KeptPost]:
        return {ACME: post.keep()}

    running = asyncio.create_task(keeping.run(keep))
    await asyncio.sleep(0.05)
    assert keeping.restore() == {}
    saying(post, remark(), now_ms=START_MS)
    keeping.changed()
    async with asyncio.timeout(2):
        while not keeping.restore():
            await asyncio.sleep(0.01)
    running.cancel()
    (kept,) = keeping.restore()[ACME].remarks
    assert kept.signal == "silence"
