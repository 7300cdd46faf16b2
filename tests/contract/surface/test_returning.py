"""What receivers send back, over the real engine: done once, refused alike, and telling nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from auscult.engine import Engine
from auscult.kernel.facts import Found, Resolved
from auscult.kernel.words import TenantId
from auscult.runtime.clock import SystemClock
from auscult.runtime.settings import parse_settings
from auscult.surface.app import create_app
from tests.integration.channels.senders import (
    PAGERDUTY_SECRET,
    SLACK_SECRET,
    Sent,
    pagerduty,
    slack,
)
from tests.unit.surface.client import Answer, ask
from tests.unit.surface.fake_story import a_finding

ACME = TenantId("acme")
SETTINGS = f"""
store: {{{{url: "sqlite:///{{folder}}/a.db"}}}}
data_dir: {{folder}}
tenants:
  acme:
    channels:
      log: {{{{use: console}}}}
      chat: {{{{use: slack, token: x, channel: C9, signing_secret: {SLACK_SECRET}}}}}
      pager: {{{{use: pagerduty, routing_key: r, webhook_secret: {PAGERDUTY_SECRET}}}}}
  bolt:
    channels:
      chat: {{{{use: slack, token: x, channel: C9, signing_secret: another-secret}}}}
"""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    settings = parse_settings(SETTINGS.format(folder=tmp_path))
    engine = Engine(settings, clock=SystemClock(), environ={})
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    return create_app(engine)


@pytest.fixture
async def incident(engine: Engine) -> str:
    found = a_finding(ACME, at_ms=engine.clock.now_ms())
    opened = await engine.submit(Found(finding=found))
    assert opened is not None
    return opened.id


async def post(app: FastAPI, where: str, sent: Sent) -> Answer:
    headers, body = sent
    return await ask(app, f"/api/v1/channels/{where}", method="POST", headers=headers, body=body)


async def status_of(engine: Engine, incident: str) -> tuple[str, str]:
    found = await engine.read(lambda work: work.of(ACME).incidents.get(incident))
    assert found is not None
    return found.status.value, found.acknowledged_by


async def told(engine: Engine, incident: str) -> list[str]:
    rows = await engine.read(lambda work: work.of(ACME).audit.of(incident, 100))
    return [f"{row.actor}: {row.detail['sentence']}" for row in rows]


def now_s(engine: Engine) -> int:
    return engine.clock.now_ms() // 1_000


def stamp(engine: Engine, before_s: int = 0) -> str:
    at = datetime.fromtimestamp(now_s(engine) - before_s, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_button_takes_the_incident_once(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    sent = slack(incident=incident, at_s=now_s(engine))
    for _ in range(2):
        answer = await post(app, "acme/chat", sent)
        assert (answer.status, answer.body) == (200, b"")
    assert await status_of(engine, incident) == ("acknowledged", "ana (Slack)")
    lines = [line for line in await told(engine, incident) if line.startswith("ana (Slack)")]
    assert len(lines) == 1


async def test_pagerduty_acknowledges_gives_back_and_ends(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    steps = [
        ("incident.acknowledged", "acknowledged"),
        ("incident.unacknowledged", "open"),
        ("incident.resolved", "resolved"),
        ("incident.resolved", "resolved"),
        ("incident.acknowledged", "resolved"),
    ]
    for event, status in steps:
        sent = pagerduty(event, incident=incident, occurred_at=stamp(engine))
        assert (await post(app, "acme/pager", sent)).status == 200, "or it is sent again for days"
        assert (await status_of(engine, incident))[0] == status


async def test_what_pagerduty_delivers_late_is_done_once_and_never_again(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    taken = pagerduty(incident=incident, occurred_at=stamp(engine, 7_200))
    given = pagerduty("incident.unacknowledged", incident=incident, occurred_at=stamp(engine))
    assert (await post(app, "acme/pager", taken)).status == 200
    assert (await status_of(engine, incident))[0] == "acknowledged"
    assert (await post(app, "acme/pager", given)).status == 200
    assert (await post(app, "acme/pager", taken)).status == 200, "or it is sent again for days"
    assert (await status_of(engine, incident))[0] == "open", "it was given back since"


async def test_a_button_snoozes(engine: Engine, app: FastAPI, incident: str) -> None:
    sent = slack("silence", incident=incident, at_s=now_s(engine))
    assert (await post(app, "acme/chat", sent)).status == 200
    assert (await status_of(engine, incident))[0] == "acknowledged"
    assert "ana (Slack): Snoozed by ana (Slack) for 1 h." in await told(engine, incident)


async def test_a_button_calls_nobody_where_no_policy_is(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    before = await told(engine, incident)
    sent = slack("escalate", incident=incident, at_s=now_s(engine))
    assert (await post(app, "acme/chat", sent)).status == 200, "or it is sent again"
    assert await told(engine, incident) == before


async def test_who_is_not_signed_learns_of_no_tenant_and_no_channel(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    """Whatever stands there: the same status, the same headers, the same bytes."""
    right = slack(incident=incident, at_s=now_s(engine))
    forged = slack(incident=incident, at_s=now_s(engine), secret="guessed")
    answers: dict[str, Any] = {}
    for where in ("acme/chat", "acme/pager", "acme/log", "acme/none", "bolt/chat", "nobody/chat"):
        for name, sent in (("nothing", ({}, b"")), ("forged", forged)):
            answers[f"{where} {name}"] = await post(app, where, sent)
    for where in ("bolt/chat", "acme/pager", "nobody/chat", "acme/log"):
        answers[f"{where} signed by another"] = await post(app, where, right)
    first, *rest = answers.values()
    assert first.status == 404
    assert first.code == "access.object_missing"
    for answer in rest:
        assert (answer.status, answer.headers, answer.body) == (
            (first.status, first.headers, first.body)
        )
    assert await status_of(engine, incident) == ("open", "")


async def test_another_tenants_incident_is_not_reached_by_a_right_signature(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    sent = slack(incident=incident, at_s=now_s(engine), secret="another-secret")
    assert (await post(app, "bolt/chat", sent)).status == 200
    assert await status_of(engine, incident) == ("open", "")


async def test_what_is_old_huge_or_unreadable_is_refused_by_its_name(
    engine: Engine, app: FastAPI, incident: str
) -> None:
    old = await post(app, "acme/chat", slack(incident=incident, at_s=now_s(engine) - 301))
    assert (old.status, old.code) == (403, "access.credential_stale")
    late = pagerduty(incident=incident, occurred_at=stamp(engine, 90_000))
    assert (await post(app, "acme/pager", late)).code == "access.credential_stale"
    unreadable = await post(app, "acme/chat", slack("dance", at_s=now_s(engine)))
    assert (unreadable.status, unreadable.code) == (400, "input.malformed")
    for where in ("acme/chat", "nobody/chat"):
        huge = await post(app, where, ({}, b"x" * (1_048_576 + 1)))
        assert (huge.status, huge.code) == (413, "input.too_large")
    big = slack(incident=incident, at_s=now_s(engine), message={"text": "x" * 500_000})
    assert (await post(app, "acme/chat", big)).status == 200
    assert await status_of(engine, incident) == ("acknowledged", "ana (Slack)")


async def test_what_is_over_stays_over(engine: Engine, app: FastAPI, incident: str) -> None:
    await engine.submit(Resolved(tenant=ACME, incident=incident, by="ana"))
    for sent in (
        slack(incident=incident, at_s=now_s(engine)),
        slack("silence", incident="01JNONE", at_s=now_s(engine)),
    ):
        assert (await post(app, "acme/chat", sent)).status == 200
    assert (await status_of(engine, incident))[0] == "resolved"
