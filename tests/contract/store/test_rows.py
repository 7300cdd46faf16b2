"""Every noun of a tenant can be written and read back unchanged, on both databases."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from auscult.kernel.effects import Result
from auscult.kernel.errors import (
    BodyTooLarge,
    CredentialMissing,
    ObjectMissing,
    StateConflict,
)
from auscult.kernel.findings import EXHIBIT_BYTES_MAX
from auscult.kernel.incidents import Incident
from auscult.kernel.words import TenantId
from auscult.store import Credential, KeyRow, Store
from auscult.store.rows.exhibits import OF_INCIDENT_MAX
from tests.contract.store.words import (
    ACME,
    BETA,
    effect,
    finding,
    heard,
    incident,
    outcome,
    resolved,
    run,
    timer,
)


def test_an_incident_comes_back_as_it_was(store: Store) -> None:
    strange = incident(headline="Störung \N{FIRE} \x00 'edge'; --", fingerprints=("f1", "f2"))
    with store.write() as work:
        work.of(ACME).incidents.put(strange)
    with store.read() as work:
        assert work.of(ACME).incidents.get("I1") == strange
        assert work.of(ACME).incidents.get("I2") is None


def test_exhibits_are_kept_once_and_told_of_without_their_bytes(store: Store) -> None:
    said = heard(b"\x00sound", b"other", at_ms=5)
    with store.write() as work:
        rows = work.of(ACME)
        rows.incidents.put(incident(strongest=said))
        for _ in range(2):
            rows.findings.append("I1", said)
            rows.exhibits.add("I1", said)
    first = said.evidence.exhibits[0]
    with store.read() as work:
        rows = work.of(ACME)
        listed = rows.exhibits.of("I1")
        assert {one.id for one in listed} == {one.id for one in said.evidence.exhibits}
        assert {one[1:] for one in listed} == {(5, said.signal, first.title, "audio/flac")}
        assert rows.exhibits.get("I1", first.id) == ("audio/flac", b"\x00sound")
        assert rows.exhibits.get("I1", "0" * 32) is None
        kept = rows.incidents.get("I1")
        assert kept is not None
        assert [one.body for one in kept.strongest.evidence.exhibits] == [b"", b""]
        rows.exhibits.add("I1", kept.strongest)  # told of again, without the bytes
        assert len(rows.exhibits.of("I1")) == 2


def test_an_incident_keeps_a_bounded_number_of_exhibits(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.incidents.put(incident())
        for number in range(10):
            rows.exhibits.add("I1", heard(*(bytes([number, i]) for i in range(5)), at_ms=number))
        kept = rows.exhibits.of("I1")
    assert len(kept) == OF_INCIDENT_MAX
    assert kept[0].at_ms == 0, "what was heard first stays"


def test_an_exhibit_is_not_larger_than_allowed() -> None:
    with pytest.raises(ValidationError):
        heard(b"x" * (EXHIBIT_BYTES_MAX + 1))


def with_window(**changed: Any) -> Incident:
    """An incident whose texts try to look like the place where its window belongs."""
    plain = incident(headline='"evidence":{ \x1e \x1f \\', **changed)
    window = {
        "sentence": 'so it says: "evidence":{"at_ms":[]}',
        "at_ms": (1, 2),
        "value": (1.5, None),
        "low": (0.0, 0.0),
        "high": (2.0, 2.0),
    }
    evidence = plain.strongest.evidence.model_copy(update=window)
    strongest = plain.strongest.model_copy(update={"evidence": evidence})
    return plain.model_copy(update={"strongest": strongest})


def test_an_incident_is_written_whole_and_listed_without_its_window(store: Store) -> None:
    whole = with_window()
    with store.write() as work:
        work.of(ACME).incidents.put(whole)
    with store.read() as work:
        rows = work.of(ACME).incidents
        assert rows.get("I1") == rows.recent(5)[0] == rows.page().incidents[0] == whole
        written, listed = rows.written("I1"), rows.written_page().texts
    assert written is not None
    assert Incident.model_validate_json(written) == whole
    (told,) = (json.loads(text) for text in listed)
    shown = told["strongest"]["evidence"]
    assert shown["sentence"] == whole.strongest.evidence.sentence
    assert not shown.keys() & {"at_ms", "value", "low", "high"}


def test_an_incident_holds_its_fingerprints_until_it_is_resolved(store: Store) -> None:
    first = incident(fingerprints=("f1", "f2"))
    with store.write() as work:
        rows = work.of(ACME).incidents
        rows.put(first)
        assert rows.holding("f2") == first
        rows.put(incident(fingerprints=("f1", "f3")))
        assert rows.holding("f2") is None
        assert rows.holding("f3") is not None
    with store.write() as work:
        work.of(ACME).incidents.put(resolved(first))
    with store.write() as work:
        rows = work.of(ACME).incidents
        assert [rows.holding(one) for one in ("f1", "f2", "f3")] == [None] * 3
        rows.put(incident("I2"))
        found = rows.holding("f1")
        assert found is not None
        assert found.id == "I2"


def test_recent_incidents_are_unresolved_with_the_newest_update_first(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).incidents
        for number in range(5):
            one = incident(f"I{number}", fingerprints=(f"f{number}",), updated_ms=number)
            rows.put(resolved(one) if number == 3 else one)
        assert [one.id for one in rows.recent(3)] == ["I4", "I2", "I1"]
        assert rows.recent(0) == []


def test_findings_of_an_incident_come_newest_first_and_once(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        rows.incidents.put(incident())
        for at_ms in (1, 3, 2, 3):
            rows.findings.append("I1", finding(at_ms=at_ms))
        assert [one.at_ms for one in rows.findings.of("I1", 2)] == [3, 2]
        rows.findings.append("I1", finding("f2", at_ms=9))
        last = rows.findings.last("I1", "f1")
        assert last is not None
        assert last.at_ms == 3
        assert rows.findings.last("I1", "f3") is None
    with store.read() as work:
        assert [one.at_ms for one in work.of(ACME).findings.of("I1", 9)] == [9, 3, 2, 1]


def test_a_finding_needs_its_incident(store: Store) -> None:
    with pytest.raises(StateConflict), store.write() as work:
        work.of(ACME).findings.append("nowhere", finding())


def test_a_wish_is_wished_once(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).effects
        assert rows.wish(effect())
        assert not rows.wish(effect(due_ms=999))
    with store.write() as work:
        rows = work.of(ACME).effects
        assert not rows.wish(effect(due_ms=999))
        assert rows.get("E1") == effect()
        assert rows.get("E2") is None
        assert rows.unsent_count() == 1
        assert [row.effect.key for row in rows.of("I1")] == ["E1"]


@pytest.mark.parametrize("result", [Result.DONE, Result.REFUSED])
def test_a_settled_effect_leaves_the_queue_for_ever(store: Store, result: Result) -> None:
    with store.write() as work:
        work.of(ACME).effects.wish(effect())
    with store.write() as work:
        rows = work.of(ACME).effects
        assert rows.settle(outcome(result=result, reason="so"))
        assert not rows.settle(outcome(result=Result.RETRY), retry_at_ms=300)
        row = rows.row("E1")
        assert row is not None
        assert (row.state, row.attempts, row.last_reason, row.updated_ms) == (result, 1, "so", 200)
        assert rows.unsent_count() == 0
        assert work.queue.next_due("effect") is None


def test_a_retried_effect_waits_for_its_new_turn(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).effects
        rows.wish(effect())
        assert rows.settle(outcome(result=Result.RETRY, reason="503"), retry_at_ms=5_000)
        row = rows.row("E1")
        assert row is not None
        assert (row.state, row.attempts, row.last_reason) == ("pending", 1, "503")
        assert work.queue.next_due("effect") == 5_000
        with pytest.raises(StateConflict):
            rows.settle(outcome(result=Result.RETRY))
        assert not rows.settle(outcome("unknown"))


def test_a_timer_is_taken_once(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).timers
        rows.set(timer())
        rows.set(timer(due_ms=700))
        assert rows.get("T1") == timer(due_ms=700)
    with store.write() as work:
        rows = work.of(ACME).timers
        assert rows.take("T1", due_by_ms=699) is None
        assert rows.take("T1", due_by_ms=700) == timer(due_ms=700)
        assert rows.take("T1") is None
        assert work.queue.next_due("timer") is None


def test_a_cancelled_timer_is_gone(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).timers
        rows.set(timer())
        assert rows.cancel("T1")
        assert not rows.cancel("T1")
        assert rows.get("T1") is None
        assert work.queue.next_due("timer") is None


def test_runs_are_found_by_id_incident_and_age(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).runs
        for number in (1, 2, 3):
            rows.put(run(f"R{number}", started_ms=number))
        changed = run("R2", started_ms=2).model_copy(update={"reason": "changed"})
        rows.put(changed)
        assert rows.get("R2") == changed
        assert rows.get("R9") is None
        assert [one.id for one in rows.of("I1")] == ["R1", "R2", "R3"]
        assert [one.id for one in rows.recent(2, 9)] == ["R3", "R2"]
        assert [one.id for one in rows.recent(0, 1)] == ["R3"]


def test_secrets_are_kept_by_name(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME).secrets
        rows.put("b", "v1:old")
        rows.put("b", "v1:new")
        rows.put("a", "v1:a")
        assert rows.get("b") == "v1:new"
        assert rows.get("c") is None
        assert rows.names() == ["a", "b"]


def test_a_key_opens_until_it_is_revoked(store: Store) -> None:
    with store.write() as work:
        work.of(ACME).keys.add("hash", "k1", role="admin", now_ms=5, name="Ana")
    with store.read() as work:
        assert work.directory.find("hash") == Credential(ACME, "k1", "admin", "Ana")
        assert work.directory.find("other") is None
        assert work.directory.holders("k1") == [ACME]
        assert work.directory.holders("k2") == []
    with store.write() as work:
        assert work.of(ACME).keys.revoke("k1", 9)
        assert not work.of(ACME).keys.revoke("k1", 10)
        assert work.directory.find("hash") is None
        assert work.of(ACME).keys.list() == [
            KeyRow("k1", "admin", added_ms=5, revoked_ms=9, name="Ana")
        ]
    with pytest.raises(StateConflict), store.write() as work:
        work.of(BETA).keys.add("hash", "k2", role="admin", now_ms=5)


def test_tenants_are_listed_and_renamed(store: Store) -> None:
    with store.write() as work:
        work.directory.add_tenant(ACME, "Acme & Sons", 7)
        assert work.directory.tenants() == [ACME, BETA]


def test_rows_belong_to_a_named_tenant(store: Store) -> None:
    with store.read() as work:
        for name in ("", "x" * 201):
            with pytest.raises(CredentialMissing):
                work.of(TenantId(name))


def test_a_word_of_another_tenant_is_refused(store: Store) -> None:
    with store.write() as work:
        rows = work.of(ACME)
        for put in (
            lambda: rows.incidents.put(incident(tenant=BETA)),
            lambda: rows.effects.wish(effect(tenant=BETA)),
            lambda: rows.timers.set(timer(tenant=BETA)),
            lambda: rows.runs.put(run(tenant=BETA)),
        ):
            with pytest.raises(ObjectMissing):
                put()


def test_a_row_has_a_largest_size(store: Store) -> None:
    with store.write() as work:
        with pytest.raises(BodyTooLarge):
            work.of(ACME).secrets.put("a", "x" * (1 << 20 | 1))
        with pytest.raises(BodyTooLarge):
            work.of(ACME).audit.append(
                at_ms=1, actor="a", action="b", about="c", detail={"long": "x" * (1 << 16)}
            )
