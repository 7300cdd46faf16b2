"""What comes back is believed only where it is signed, and only while it is fresh."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import (
    AuscultError,
    BodyMalformed,
    CredentialMissing,
    CredentialStale,
    ObjectMissing,
)
from auscult.kernel.facts import Acknowledged, Asked, Escalated, Released, Resolved, Silenced
from auscult.notification import CHANNELS, Channel
from auscult.notification.inbound import Received
from tests.integration.channels.senders import (
    PAGERDUTY_SECRET,
    SLACK_SECRET,
    TELEGRAM_SECRET,
    Sent,
    pagerduty,
    signed_slack,
    slack,
    telegram,
)
from tests.story import ACME, AT_MS

AT_S = AT_MS // 1_000
NOW = "2026-11-24T03:13:20Z"
CHANNEL: dict[str, Channel] = {
    "slack": CHANNELS.make(
        "slack", {"token": "x", "channel": "C9", "signing_secret": SLACK_SECRET}
    ),
    "pagerduty": CHANNELS.make(
        "pagerduty", {"routing_key": "r", "webhook_secret": PAGERDUTY_SECRET}
    ),
    "telegram": CHANNELS.make(
        "telegram", {"token": "t", "chat_id": -1001, "secret_token": TELEGRAM_SECRET}
    ),
}


def take(use: str, sent: Sent, *, at_ms: int = AT_MS) -> tuple[Asked, ...]:
    headers, body = sent
    return CHANNEL[use].receive(Received(tenant=ACME, headers=headers, body=body, at_ms=at_ms))


def test_a_button_in_slack_asks_for_what_it_says() -> None:
    who: dict[str, Any] = {"tenant": ACME, "incident": "01J9INCIDENT", "by": "ana (Slack)"}
    assert take("slack", slack(at_s=AT_S)) == (Acknowledged(**who),)
    assert take("slack", slack("silence", at_s=AT_S)) == (Silenced(**who, for_ms=3_600_000),)
    assert take("slack", slack("escalate", at_s=AT_S)) == (Escalated(**who),)
    assert take("slack", slack(at_s=AT_S, type="view_submission")) == ()


def test_the_signature_of_slacks_own_documentation_is_right() -> None:
    """The example of "Verifying requests from Slack", computed by Slack."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F"
        b"commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = signed_slack(body, at_s=1_531_420_618)
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert headers["x-slack-signature"] == expected


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("incident.acknowledged", Acknowledged),
        ("incident.unacknowledged", Released),
        ("incident.resolved", Resolved),
    ],
)
def test_what_a_person_does_in_pagerduty_is_done_here(event: str, kind: Any) -> None:
    asked = take("pagerduty", pagerduty(event, occurred_at=NOW))
    by = "Ana Lovelace (PagerDuty)"
    assert asked == (kind(tenant=ACME, incident="01J9INCIDENT", by=by),)


@pytest.mark.parametrize(
    "changed",
    [
        {"event": "incident.triggered"},
        {"agent": {"type": "events_api_v2_inbound_integration_reference", "summary": "auscult"}},
        {"agent": None},
        {"data": {}},
        {"incident": "somebody else's: key"},
        {"incident": "x" * 500},
        {"incident": 7},
    ],
)
def test_what_is_none_of_ours_in_pagerduty_asks_for_nothing(changed: dict[str, Any]) -> None:
    """Among it what auscult itself did there: else its own word would come back as a person's."""
    assert take("pagerduty", pagerduty(occurred_at=NOW, **changed)) == ()


def test_a_button_in_telegram_asks_for_what_it_says_in_its_own_chat_only() -> None:
    by = "ana_l (Telegram)"
    right = Acknowledged(tenant=ACME, incident="01J9INCIDENT", by=by)
    assert take("telegram", telegram()) == (right,)
    assert take("telegram", telegram(chat=-1002)) == ()
    assert take("telegram", (telegram()[0], b'{"update_id": 8}')) == ()


@pytest.mark.parametrize(
    ("use", "sent"),
    [
        ("slack", slack(at_s=AT_S, secret="another")),
        ("pagerduty", pagerduty(occurred_at=NOW, secret="another")),
        ("telegram", telegram(token="another")),
        ("slack", ({}, slack(at_s=AT_S)[1])),
        ("pagerduty", ({}, pagerduty(occurred_at=NOW)[1])),
        ("telegram", ({}, telegram()[1])),
        ("pagerduty", ({"x-pagerduty-signature": "v1=,v1=é"}, b"{}")),
    ],
)
def test_what_is_forged_is_not_believed(use: str, sent: Sent) -> None:
    with pytest.raises(CredentialMissing):
        take(use, sent)


@pytest.mark.parametrize("use", ["slack", "pagerduty"])
def test_one_changed_byte_is_a_forgery(use: str) -> None:
    headers, body = slack(at_s=AT_S) if use == "slack" else pagerduty(occurred_at=NOW)
    for position in (0, len(body) // 2, len(body) - 1):
        changed = bytearray(body)
        changed[position] ^= 1
        with pytest.raises(CredentialMissing):
            take(use, (headers, bytes(changed)))


def test_the_time_that_slack_signed_cannot_be_changed() -> None:
    headers, body = slack(at_s=AT_S - 400)
    with pytest.raises(CredentialStale):
        take("slack", (headers, body))
    with pytest.raises(CredentialMissing):
        take("slack", (headers | {"x-slack-request-timestamp": str(AT_S)}, body))


@pytest.mark.parametrize(
    ("use", "apart_s"),
    [
        *[("slack", apart_s) for apart_s in (301, -301, 86_400)],
        *[("pagerduty", apart_s) for apart_s in (86_401, -301)],
    ],
)
def test_what_was_signed_too_long_ago_is_refused(use: str, apart_s: int) -> None:
    sent = slack(at_s=AT_S) if use == "slack" else pagerduty(occurred_at=NOW)
    assert take(use, sent, at_ms=AT_MS + 299_000)
    with pytest.raises(CredentialStale):
        take(use, sent, at_ms=AT_MS + apart_s * 1_000)


@pytest.mark.parametrize("late_s", [360, 3_600, 86_000])
def test_what_pagerduty_could_not_deliver_at_once_is_taken_when_it_comes(late_s: int) -> None:
    sent = pagerduty(occurred_at=NOW)
    assert take("pagerduty", sent, at_ms=AT_MS + late_s * 1_000) == take("pagerduty", sent)


def form(said: Any) -> Sent:
    body = urlencode({"payload": said if isinstance(said, str) else json.dumps(said)}).encode()
    return signed_slack(body, at_s=AT_S), body


@pytest.mark.parametrize(
    "sent",
    [
        form("{"),
        form("[]"),
        form("[" * 100_000),
        form({"type": "block_actions"}),
        form({"type": "block_actions", "actions": [{}] * 11}),
        form({"type": "block_actions", "actions": [7]}),
        form({"type": "block_actions", "actions": [{"action_id": "rm", "value": "a"}]}),
        form({"type": "block_actions", "actions": [{"action_id": "silence", "value": {}}]}),
        form({"type": "block_actions", "actions": [{"action_id": "silence", "value": "a\0b"}]}),
        (signed_slack(b"\xff\xfe", at_s=AT_S), b"\xff\xfe"),
        (signed_slack(b"", at_s=AT_S), b""),
        (signed_slack(b"a=1&" * 100, at_s=AT_S), b"a=1&" * 100),
    ],
)
def test_what_is_signed_and_cannot_be_read_says_so(sent: Sent) -> None:
    with pytest.raises(BodyMalformed):
        take("slack", sent)


@pytest.mark.parametrize("stamp", ["", "yesterday", "0001-01-01T00:00:00+14:00", None, 7, []])
def test_an_event_without_a_readable_time_is_refused(stamp: Any) -> None:
    with pytest.raises((BodyMalformed, CredentialStale)):
        take("pagerduty", pagerduty(occurred_at=stamp))


@given(
    body=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("x-slack-signature", "x-slack-request-timestamp", "x-pagerduty-signature"),
                "x-telegram-bot-api-secret-token",
            ]
        ),
        st.text(max_size=80),
    ),
)
def test_nothing_unsigned_is_ever_believed(body: bytes, headers: dict[str, str]) -> None:
    for use in CHANNEL:
        with pytest.raises(AuscultError) as why:
            take(use, (headers, body))
        assert isinstance(why.value, CredentialMissing)


@pytest.mark.parametrize(
    ("use", "settings"),
    [
        ("console", {}),
        ("webhook", {"url": "https://x"}),
        ("slack", {"url": "https://x"}),
        ("pagerduty", {"routing_key": "r"}),
        ("telegram", {"token": "t", "chat_id": 1}),
    ],
)
def test_a_channel_without_a_secret_for_it_takes_nothing_back(
    use: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(ObjectMissing):
        CHANNELS.make(use, settings).receive(Received(tenant=ACME, at_ms=AT_MS))
