"""What was given up is listed with its reason, and sent again under its old key when told to."""

import json

import pytest
from fastapi import FastAPI

from auscult.engine.events.records import GIVE_UP_MS
from auscult.kernel.effects import Effect, EffectKind, Outcome, Result
from auscult.kernel.incidents import ChangeKind, Status
from auscult.notification.messages import render
from auscult.store import Work
from tests.contract.surface.conftest import OWNER, STRANGER, House
from tests.story import a_change, an_incident
from tests.unit.surface.client import Answer, ask

LIST, REPLAY = "/api/v1/deadletters", "/api/v1/deadletters/replay"


def a_message(house: House, key: str, tenant: str = OWNER, **changed: object) -> Effect:
    payload = render(an_incident(), a_change(), base_url="").model_dump(mode="json")
    told = {
        "key": key,
        "tenant": tenant,
        "kind": EffectKind.NOTIFY,
        "plug": "ops",
        "to": "ops",
        "verb": "send",
        "incident": house.incident,
        "payload": payload,
        "due_ms": house.engine.clock.now_ms() - 2 * GIVE_UP_MS,
    }
    return Effect.model_validate(told | changed)


def give_up(house: House, effect: Effect, result: Result = Result.REFUSED) -> None:
    now_ms = house.engine.clock.now_ms()
    with house.engine.store.write() as work:
        rows = work.of(effect.tenant)
        rows.effects.wish(effect)
        outcome = Outcome(
            key=effect.key, tenant=effect.tenant, result=result, reason="revoked", at_ms=now_ms
        )
        rows.effects.settle(outcome, retry_at_ms=now_ms + 3_600_000)


async def replay(app: FastAPI, key: str, body: bytes = b"") -> Answer:
    return await ask(app, REPLAY, method="POST", key=key, body=body)


async def states(house: House, *keys: str) -> list[str]:
    def look(work: Work) -> list[str]:
        found = [work.of(OWNER).effects.row(key) for key in keys]
        return ["" if row is None else row.state for row in found]

    return await house.engine.read(look)


@pytest.fixture
async def given_up(house: House) -> House:
    """An owner with two messages that were given up, one that was sent, a repair, one to come."""
    await house.engine.events.stop()  # nobody performs anything while the rows are looked at
    house.engine.events.desk._stopping = False
    for key in ("a:opened:1:ops", "a:resolved:1:ops"):
        give_up(house, a_message(house, key))
    give_up(house, a_message(house, "b:opened:1:ops"), Result.DONE)
    give_up(house, a_message(house, "c:opened:1:ops"), Result.RETRY)
    give_up(house, a_message(house, "run:apply", kind=EffectKind.ACT, verb="apply"))
    give_up(house, a_message(house, "theirs:opened:1:ops", tenant=STRANGER))
    house.engine.events.desk.start()
    return house


async def test_what_was_given_up_is_listed_with_its_reason(given_up: House) -> None:
    answer = await ask(given_up.app, LIST, key=given_up.keys[OWNER, "member"])
    assert answer.status == 200
    found = answer.data["deadletters"]
    assert {one["key"] for one in found} == {"a:opened:1:ops", "a:resolved:1:ops"}
    assert {one["reason"] for one in found} == {"revoked"}
    assert found[0]["channel"] == "ops"
    assert found[0]["title"]
    short = await ask(given_up.app, f"{LIST}?limit=1", key=given_up.keys[OWNER, "member"])
    assert len(short.data["deadletters"]) == 1
    wrong = await ask(given_up.app, f"{LIST}?limit=0", key=given_up.keys[OWNER, "member"])
    assert wrong.status == 400


async def test_it_is_sent_again_once_under_its_old_key_with_a_day_before_it(
    given_up: House,
) -> None:
    admin = given_up.keys[OWNER, "admin"]
    body = json.dumps(
        {"keys": ["a:opened:1:ops", "b:opened:1:ops", "run:apply", "theirs:opened:1:ops", "no"]}
    ).encode()
    before_ms = given_up.engine.clock.now_ms()
    answer = await replay(given_up.app, admin, body)
    assert answer.data == {"replayed": ["a:opened:1:ops"], "over": []}
    assert (await replay(given_up.app, admin, body)).data == {"replayed": [], "over": []}
    keys = ("a:opened:1:ops", "b:opened:1:ops", "run:apply", "a:resolved:1:ops")
    assert await states(given_up, *keys) == ["pending", "done", "refused", "refused"]
    with given_up.engine.store.write() as work:
        row = work.of(OWNER).effects.row("a:opened:1:ops")
        theirs = work.of(STRANGER).effects.row("theirs:opened:1:ops")
        told = work.of(OWNER).audit.of(given_up.incident, 100)
        due_ms = work.queue.next_due("effect")
    assert row is not None
    assert theirs is not None
    assert theirs.state == "refused"
    assert (row.attempts, row.effect.due_ms >= before_ms) == (0, True)
    assert due_ms == row.effect.due_ms
    assert [one.action for one in told].count("effect.replayed") == 1


async def test_without_a_body_all_are_sent_again_in_their_order(given_up: House) -> None:
    answer = await replay(given_up.app, given_up.keys[OWNER, "admin"])
    assert sorted(answer.data["replayed"]) == ["a:opened:1:ops", "a:resolved:1:ops"]
    empty = await ask(given_up.app, LIST, key=given_up.keys[OWNER, "admin"])
    assert empty.data == {"deadletters": []}


async def test_a_page_about_what_is_over_is_not_sent_and_this_is_said(given_up: House) -> None:
    def end(work: Work) -> None:
        rows = work.of(OWNER)
        incident = rows.incidents.get(given_up.incident)
        assert incident is not None
        over = {"status": Status.RESOLVED, "resolved_ms": given_up.engine.clock.now_ms()}
        rows.incidents.put(incident.model_copy(update=over))

    with given_up.engine.store.write() as work:
        end(work)
    give_up(given_up, a_message(given_up, "a:resolved:2:ops", payload=said_at_the_end()))
    answer = await replay(given_up.app, given_up.keys[OWNER, "admin"])
    assert answer.data["replayed"] == ["a:resolved:2:ops"], "how it ended is still worth a word"
    assert sorted(answer.data["over"]) == ["a:opened:1:ops", "a:resolved:1:ops"]
    assert await states(given_up, "a:opened:1:ops") == ["refused"]


def said_at_the_end() -> dict[str, object]:
    change = a_change(ChangeKind.RESOLVED)
    return render(an_incident(status=Status.RESOLVED), change).model_dump(mode="json")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"keys": []}', b'{"keys": [7]}', b'{"all": true}', b'{"keys": [""]}']
)
async def test_what_is_no_list_of_keys_is_refused(given_up: House, body: bytes) -> None:
    answer = await replay(given_up.app, given_up.keys[OWNER, "admin"], body)
    assert (answer.status, answer.code) == (400, "input.malformed")


async def test_only_an_admin_sends_again(given_up: House) -> None:
    for role, status in (("member", 403), ("writer", 403)):
        assert (await replay(given_up.app, given_up.keys[OWNER, role])).status == status
    assert (await ask(given_up.app, LIST, key=given_up.keys[OWNER, "writer"])).status == 403
    assert await states(given_up, "a:opened:1:ops") == ["refused"]
