"""What Slack, PagerDuty and Telegram send, signed as they do, by code that shares none of ours."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PAGERDUTY_SECRET = "pd-webhook-secret-0123456789"
TELEGRAM_SECRET = "telegram-secret-token-0123"

Sent = tuple[dict[str, str], bytes]


def slack(
    action: str = "acknowledge",
    *,
    incident: str = "01J9INCIDENT",
    at_s: int,
    secret: str = SLACK_SECRET,
    **changed: Any,
) -> Sent:
    """Return a pressed button."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U1", "username": "ana", "name": "ana", "team_id": "T1"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C9"},
        "channel": {"id": "C9", "name": "ops"},
        "actions": [
            {
                "type": "button",
                "block_id": "auscult",
                "action_id": action,
                "value": incident,
                "action_ts": "1.2",
            }
        ],
    }
    body = urlencode({"payload": json.dumps(payload | changed)}).encode()
    return signed_slack(body, at_s=at_s, secret=secret), body


def signed_slack(body: bytes, *, at_s: int, secret: str = SLACK_SECRET) -> dict[str, str]:
    """Return the headers by which Slack signs a body."""
    text = f"v0:{at_s}:".encode() + body
    digest = hmac.digest(secret.encode(), text, hashlib.sha256).hex()
    return {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(at_s),
        "x-slack-signature": f"v0={digest}",
    }


def pagerduty(
    event: str = "incident.acknowledged",
    *,
    incident: Any = "01J9INCIDENT",
    occurred_at: str,
    secret: str = PAGERDUTY_SECRET,
    **changed: Any,
) -> Sent:
    """Return an event of webhooks v3, signed by a retired secret and by this one."""
    told = {
        "id": "01CHF3LLB4GKL",
        "event_type": event,
        "resource_type": "incident",
        "occurred_at": occurred_at,
        "agent": {"id": "PLH1HKV", "summary": "Ana Lovelace", "type": "user_reference"},
        "client": None,
        "data": {"id": "PGR0VU2", "type": "incident", "incident_key": incident, "title": "x"},
    }
    body = json.dumps({"event": told | changed}).encode()
    right = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    signatures = f"v1={'0' * 64}, v1={right}"
    return {"content-type": "application/json", "x-pagerduty-signature": signatures}, body


def telegram(
    data: str = "acknowledge:01J9INCIDENT", *, chat: int = -1001, token: str = TELEGRAM_SECRET
) -> Sent:
    """Return an update with a pressed button."""
    update = {
        "update_id": 7,
        "callback_query": {
            "id": "4382bfdwdsb323b2d9",
            "from": {"id": 5, "is_bot": False, "first_name": "Ana", "username": "ana_l"},
            "message": {"message_id": 1, "chat": {"id": chat, "type": "supergroup"}},
            "data": data,
        },
    }
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": token}
    return headers, json.dumps(update).encode()
