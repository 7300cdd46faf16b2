"""What is due is claimed once, by lease, and comes back when the lease ends."""

import threading
from collections import Counter

import pytest

from auscult.kernel.effects import Result
from auscult.kernel.words import TenantId
from auscult.store import Claim, Store
from auscult.store.queue import Room
from tests.contract.store.words import ACME, BETA, effect, outcome, timer

LEASE_MS = 1_000


def claim(store: Store, *, now_ms: int, owner: str = "one", limit: int = 10) -> list[Claim]:
    room = Room(free=limit if limit == 1 else 4 * limit, each=limit)
    with store.write() as work:
        return work.queue.claim("effect", owner=owner, now_ms=now_ms, room=room, lease_ms=LEASE_MS)


def test_only_what_is_due_is_claimed_the_longest_due_first(store: Store) -> None:
    with store.write() as work:
        work.of(ACME).effects.wish(effect("late", due_ms=300))
        work.of(BETA).effects.wish(effect("first", tenant=BETA, due_ms=100))
        work.of(ACME).effects.wish(effect("second", due_ms=200))
        work.of(ACME).timers.set(timer(due_ms=1))
    assert claim(store, now_ms=99) == []
    assert claim(store, now_ms=200, limit=1) == [Claim("effect", BETA, "first", 1)]
    assert claim(store, now_ms=200) == [Claim("effect", ACME, "second", 1)]
    assert claim(store, now_ms=200) == []


def test_a_lease_that_ended_is_claimed_again_and_the_attempt_counts_up(store: Store) -> None:
    with store.write() as work:
        work.of(ACME).effects.wish(effect(due_ms=0))
    assert [one.attempt for one in claim(store, now_ms=0)] == [1]
    assert claim(store, now_ms=LEASE_MS - 1, owner="two") == []
    assert [one.attempt for one in claim(store, now_ms=LEASE_MS, owner="two")] == [2]


def test_a_retry_lets_go_of_the_lease_and_keeps_the_count(store: Store) -> None:
    with store.write() as work:
        work.of(ACME).effects.wish(effect(due_ms=0))
    claim(store, now_ms=0)
    with store.write() as work:
        work.of(ACME).effects.settle(outcome(result=Result.RETRY), retry_at_ms=50)
        assert work.queue.next_due("effect") == 50
    assert claim(store, now_ms=49) == []
    assert [one.attempt for one in claim(store, now_ms=50)] == [2]


def test_an_owner_that_starts_again_gives_its_leases_back(store: Store) -> None:
    with store.write() as work:
        for key in ("a", "b"):
            work.of(ACME).effects.wish(effect(key, due_ms=0))
    assert claim(store, now_ms=0, owner="one", limit=1)
    assert claim(store, now_ms=0, owner="two", limit=1)
    with store.write() as work:
        work.queue.release("one")
    assert [(one.key, one.attempt) for one in claim(store, now_ms=1)] == [("a", 2)]


def test_a_timer_set_again_is_free_to_claim(store: Store) -> None:
    for due_ms in (0, 5):
        with store.write() as work:
            work.of(ACME).timers.set(timer(due_ms=due_ms))
        with store.write() as work:
            got = work.queue.claim(
                "timer", owner="o", now_ms=due_ms, room=Room(9, 9), lease_ms=LEASE_MS
            )
        assert got == [Claim("timer", ACME, "T1", 1)]


def test_overdue_counts_what_waits_too_long(store: Store) -> None:
    with store.write() as work:
        for number in range(3):
            work.of(ACME).effects.wish(effect(f"E{number}", due_ms=number * 100))
        assert work.queue.overdue("effect", now_ms=300, grace_ms=150) == 2
        assert work.queue.overdue("effect", now_ms=300, grace_ms=1_000) == 0
        assert work.queue.overdue("timer", now_ms=300, grace_ms=0) == 0


def test_unclaimed_is_what_nobody_takes_up_and_not_what_is_tried_in_vain(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).effects
        for name in ("left", "held", "tried", "behind"):
            rows.wish(effect(name, due_ms=0))
        rows.settle(outcome("tried", result=Result.RETRY), retry_at_ms=60_000)
        rows.put_off("behind", 60_000)
        room = Room(9, 1)
        (claim,) = work.queue.claim("effect", owner="o", now_ms=1, room=room, lease_ms=LEASE_MS)
        assert claim.key in {"left", "held"}
        assert work.queue.unclaimed("effect", now_ms=30_001, grace_ms=30_000) == 1
        assert work.queue.unclaimed("effect", now_ms=30_000, grace_ms=30_000) == 0
        assert work.queue.unclaimed("timer", now_ms=30_001, grace_ms=0) == 0


def test_the_next_turn_is_the_next_due_time_or_end_of_lease(store: Store) -> None:
    with store.write() as work:
        assert work.queue.next_due("effect") is None
        work.of(ACME).effects.wish(effect("a", due_ms=10))
        work.of(ACME).effects.wish(effect("b", due_ms=5_000))
        assert work.queue.next_due("effect") == 10
    claim(store, now_ms=10)
    with store.read() as work:
        assert work.queue.next_due("effect") == 10 + LEASE_MS


def test_what_is_rolled_back_was_never_queued(store: Store) -> None:
    def fail() -> None:
        with store.write() as work:
            work.of(ACME).effects.wish(effect(due_ms=0))
            work.of(ACME).timers.set(timer(due_ms=0))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert claim(store, now_ms=9) == []


def test_workers_that_race_get_each_row_once(store: Store) -> None:
    rows, workers = 200, 4
    with store.write() as work:
        for number in range(rows):
            work.of(ACME).effects.wish(effect(f"E{number}", due_ms=number))
    start = threading.Barrier(workers)
    got: list[str] = []

    def race(owner: str) -> None:
        start.wait(10)
        while found := claim(store, now_ms=rows, owner=owner, limit=7):
            got.extend(one.key for one in found)

    threads = [threading.Thread(target=race, args=[f"w{n}"]) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Counter(got) == {f"E{number}": 1 for number in range(rows)}


def test_claims_on_postgresql_skip_what_another_holds_instead_of_waiting(store: Store) -> None:
    if store.kind == "sqlite":
        return  # one writer at a time: nothing to skip
    with store.write() as work:
        for key in ("a", "b"):
            work.of(ACME).effects.wish(effect(key, due_ms=0))
    with store.write() as first:
        held = first.queue.claim("effect", owner="1", now_ms=1, room=Room(1, 1), lease_ms=LEASE_MS)
        free = claim(store, now_ms=1, owner="2")
    assert [one.key for one in (*held, *free)] == ["a", "b"]


def claim_fairly(store: Store, room: Room, *, now_ms: int = 1_000) -> Counter[str]:
    with store.write() as work:
        got = work.queue.claim("effect", owner="one", now_ms=now_ms, room=room, lease_ms=LEASE_MS)
    return Counter(one.tenant for one in got)


def test_a_tenant_with_much_due_does_not_keep_another_waiting(store: Store) -> None:
    with store.write() as work:
        for number in range(500):
            work.of(ACME).effects.wish(effect(f"E{number}", due_ms=number))
        work.of(BETA).effects.wish(effect("page", tenant=BETA, due_ms=999))
        work.of(BETA).effects.wish(effect("later", tenant=BETA, due_ms=1_001))
    assert claim_fairly(store, Room(free=64, each=8)) == {ACME: 8, BETA: 1}
    assert claim_fairly(store, Room(free=55, each=8, held={ACME: 8})) == {}
    assert claim_fairly(store, Room(free=56, each=8, held={ACME: 6})) == {ACME: 2}


def test_of_one_tenant_the_longest_due_is_claimed_first_and_only_what_is_free(
    store: Store,
) -> None:
    with store.write() as work:
        for number in range(10):
            work.of(ACME).effects.wish(effect(f"E{number}", due_ms=100 - number))
        room = Room(free=64, each=3)
        for keys in (["E9", "E8", "E7"], ["E6", "E5", "E4"], ["E3", "E2", "E1"], ["E0"], []):
            got = work.queue.claim("effect", owner="one", now_ms=100, room=room, lease_ms=LEASE_MS)
            assert [one.key for one in got] == keys
        got = work.queue.claim(
            "effect", owner="two", now_ms=100 + LEASE_MS, room=room, lease_ms=LEASE_MS
        )
        assert [(one.key, one.attempt) for one in got] == [("E9", 2), ("E8", 2), ("E7", 2)]


def test_many_tenants_share_what_is_left_and_leave_room_for_one_more(store: Store) -> None:
    tenants = [TenantId(f"t{number:02}") for number in range(20)]
    with store.write() as work:
        for tenant in tenants:
            for number in range(9):
                work.of(tenant).effects.wish(effect(f"E{number}", tenant=tenant, due_ms=number))
    got = claim_fairly(store, Room(free=64, each=8))
    assert set(got) == set(tenants), "everybody gets something"
    assert got.total() < 64, "and something is left"


@pytest.mark.parametrize(
    ("free", "tenants", "held", "shares"),
    [
        (64, 1, 0, {8}),
        (64, 1, 5, {3}),
        (64, 1, 8, {0}),
        (64, 20, 0, {2, 3}),
        (3, 5, 0, {0, 1}),
        (4, 2, 1, {0}),
        (0, 2, 0, {0}),
    ],
)
def test_the_less_is_free_the_less_one_tenant_may_hold(
    free: int, tenants: int, held: int, shares: set[int]
) -> None:
    names = [TenantId(f"t{number:02}") for number in range(tenants)]
    room = Room(free=free, each=8, held=dict.fromkeys(names, held))
    assert set(room.shares(names).values()) == shares
    assert sum(room.shares(names).values()) <= free


def test_what_is_put_off_is_owed_since_it_was_first_due(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).effects
        rows.wish(effect("tried", due_ms=0))
        rows.wish(effect("behind", due_ms=0))
        rows.settle(outcome("tried", result=Result.RETRY), retry_at_ms=60_000)
        rows.put_off("behind", 60_000)
        assert work.queue.overdue("effect", now_ms=30_001, grace_ms=30_000) == 2
        assert work.queue.next_due("effect") == 60_000
        told = {key: rows.row(key) for key in ("tried", "behind")}
    assert [one.attempts for one in told.values() if one] == [1, 0], "waiting is no attempt"
