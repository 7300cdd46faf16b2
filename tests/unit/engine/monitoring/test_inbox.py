"""Sound that waits is bounded by time, number and bytes, and what is let go is counted."""

import numpy as np
import pytest

from auscult.engine.monitoring import inbox as module
from auscult.engine.monitoring.inbox import (
    BEHIND_MAX_MS,
    NAME_IDLE_MS,
    STREAMS_MAX,
    WAITING_MAX_S,
    Inbox,
)
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject, TenantId
from auscult.runtime.metrics import Metrics
from tests.unit.engine.bench import ACME

RATE_HZ = 8_000
BOLT = TenantId("bolt")
SECOND_BYTES = 4 * RATE_HZ


def tap(name: str = "one") -> Stream:
    return Stream(name, "radio", Subject(service="edge"))


def heard(at_s: float = 0.0, length_s: float = 1.0) -> Heard:
    samples = np.zeros((round(length_s * RATE_HZ), 1), np.float32)
    return Heard(samples, RATE_HZ, round(1_000 * at_s), size_bytes=1)


def unheard() -> Unheard:
    return Unheard(Why.SLOW, 0, "")


def dropped(metrics: Metrics, reason: str) -> float:
    name = "auscult_sounds_dropped_total"
    return metrics.registry.get_sample_value(name, {"reason": reason}) or 0.0


def follow(found: list[tuple[Stream, Heard | Unheard]]) -> list[bool]:
    return [one.follows for _, one in found if isinstance(one, Heard)]


def test_what_waits_is_bounded_and_what_is_lost_breaks_the_stream() -> None:
    metrics = Metrics()
    inbox = Inbox(metrics)
    for at_s in range(100):
        inbox.put(ACME, tap(), heard(at_s), now_ms=1_000 * at_s)
    kept = follow(inbox.take(ACME, most_s=1e9))
    assert kept == [False, *[True] * (round(WAITING_MAX_S) - 1)]
    assert dropped(metrics, "too slow") == 100 - WAITING_MAX_S
    assert inbox.take(ACME, most_s=1e9) == []


def test_the_name_of_a_stream_that_is_gone_makes_room_for_a_new_one() -> None:
    metrics = Metrics()
    inbox = Inbox(metrics)
    for number in range(STREAMS_MAX + 5):
        inbox.put(ACME, tap(f"stream {number}"), unheard(), now_ms=0)
    assert len(inbox.take(ACME, most_s=1e9)) == STREAMS_MAX
    assert dropped(metrics, "too many streams") == 5
    for number in range(1, STREAMS_MAX):
        inbox.put(ACME, tap(f"stream {number}"), unheard(), now_ms=NAME_IDLE_MS)
    inbox.put(ACME, tap("new"), unheard(), now_ms=NAME_IDLE_MS + 1)
    inbox.put(ACME, tap("newer"), unheard(), now_ms=NAME_IDLE_MS + 1)
    assert tap("new") in [stream for stream, _ in inbox.take(ACME, most_s=1e9)]
    assert dropped(metrics, "too many streams") == 6, "of one that was idle, and of no other"


def test_bytes_of_a_tenant_are_bounded_and_the_fullest_stream_loses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TENANT_BYTES_MAX", 6 * SECOND_BYTES)
    metrics = Metrics()
    inbox = Inbox(metrics)
    inbox.put(ACME, tap("small"), heard(), now_ms=0)
    for at_s in range(10):
        inbox.put(ACME, tap("large"), heard(at_s), now_ms=at_s)
    taken = inbox.take(ACME, most_s=1e9)
    assert [stream.name for stream, _ in taken] == ["small", *["large"] * 5]
    assert follow(taken) == [True, False, *[True] * 4]
    assert dropped(metrics, "too many bytes") == 5


def test_a_stretch_that_is_too_large_by_itself_breaks_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TENANT_BYTES_MAX", 6 * SECOND_BYTES)
    inbox = Inbox(Metrics())
    inbox.put(ACME, tap(), heard(length_s=7), now_ms=0)
    assert inbox.take(ACME, most_s=1e9) == []
    inbox.put(ACME, tap(), heard(), now_ms=1)
    inbox.put(ACME, tap(), heard(), now_ms=2)
    assert follow(inbox.take(ACME, most_s=1e9)) == [False, True]


def test_of_all_tenants_the_fullest_loses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOTAL_BYTES_MAX", 12 * SECOND_BYTES)
    inbox = Inbox(Metrics())
    inbox.put(BOLT, tap(), heard(length_s=2), now_ms=0)
    for at_s in range(15):
        inbox.put(ACME, tap(), heard(at_s), now_ms=at_s)
    assert len(inbox.take(BOLT, most_s=1e9)) == 1
    assert len(inbox.take(ACME, most_s=1e9)) == 10
    for at_s in range(12):
        inbox.put(ACME, tap(), heard(at_s), now_ms=at_s)
    assert len(inbox.take(ACME, most_s=1e9)) == 12, "what was taken, or let go, counts no more"


def test_what_came_first_is_taken_first_and_no_more_than_was_asked_for() -> None:
    inbox = Inbox(Metrics())
    for at_s in range(6):
        for name in ("b", "a"):
            inbox.put(ACME, tap(name), heard(at_s), now_ms=1_000 * at_s)
    first = inbox.take(ACME, most_s=4)
    assert [found.arrived_ms for _, found in first if isinstance(found, Heard)] == [0, 0, 1e3, 1e3]
    assert inbox.behind_ms(ACME, 7_000) == 5_000
    assert inbox.behind_ms(ACME, 10**12) == BEHIND_MAX_MS
    assert len(inbox.take(ACME, most_s=0)) == 1, "there is no standstill"
    assert len(inbox.take(ACME, most_s=1e9)) == 7
    assert inbox.behind_ms(ACME, 7_000) == 0
    assert not inbox.tenants


def test_what_comes_in_one_burst_is_taken_in_its_order_too() -> None:
    inbox = Inbox(Metrics())
    for at_s in range(4):
        for name in ("late", "early"):
            inbox.put(ACME, tap(name), heard(at_s), now_ms=0)
    names = [stream.name for stream, _ in inbox.take(ACME, most_s=4)]
    assert names == ["late", "early", "late", "early"]


def test_nothing_is_kept_of_a_tenant_that_is_gone() -> None:
    inbox = Inbox(Metrics())
    inbox.put(ACME, tap(), heard(), now_ms=0)
    inbox.release(ACME)
    assert not inbox.tenants
    assert inbox.take(ACME, most_s=1) == []
    assert inbox.behind_ms(ACME, 1) == 0
