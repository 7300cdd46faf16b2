"""Alerts as others send them: what is valid is taken, and the rest is said."""

import json
from datetime import UTC, datetime

import pytest

from auscult.kernel.errors import BodyMalformed
from auscult.signals.alerts import Posted, read_posted, read_webhook
from auscult.signals.alerts.posted import ALERTS_MAX, LABEL_BYTES_MAX, LABELS_MAX
from auscult.signals.alerts.webhook import HOLD_MS

NOW_MS, TIMEOUT_MS = 1_000_000, 300_000
ZERO = "0001-01-01T00:00:00Z"


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat()


def read(*alerts: object) -> Posted:
    return read_posted(json.dumps(alerts).encode(), now_ms=NOW_MS, resolve_timeout_ms=TIMEOUT_MS)


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ({}, (NOW_MS, NOW_MS + TIMEOUT_MS, True)),
        ({"startsAt": ZERO, "endsAt": ZERO}, (NOW_MS, NOW_MS + TIMEOUT_MS, True)),
        ({"startsAt": None, "endsAt": None}, (NOW_MS, NOW_MS + TIMEOUT_MS, True)),
        ({"startsAt": at(5_000)}, (5_000, NOW_MS + TIMEOUT_MS, True)),
        ({"endsAt": at(9_000)}, (9_000, 9_000, False)),
        ({"startsAt": "1970-01-01T01:00:05+01:00", "endsAt": at(9_000)}, (5_000, 9_000, False)),
        ({"startsAt": "1970-01-01T00:00:05", "endsAt": at(9_000)}, (5_000, 9_000, False)),
        ({"startsAt": "1970-01-01T00:00:05.123456789Z"}, (5_123, NOW_MS + TIMEOUT_MS, True)),
    ],
)
def test_times_that_are_not_said_are_filled_in(
    times: dict[str, str], span: tuple[int, int, bool]
) -> None:
    (one,) = read({"labels": {"alertname": "Slow"}, **times}).alerts
    assert one.span == span


def test_empty_labels_are_left_out_and_the_rest_is_in_the_order_of_its_names() -> None:
    given = {"z": "1", "alertname": "Slow", "empty": "", "none": None}
    notes = {"summary": "it is slow", "empty": "", "none": None, "link": "http://x"}
    (one,) = read({"labels": given, "annotations": notes, "more": [1]}).alerts
    assert one.labels == (("alertname", "Slow"), ("z", "1"))
    assert one.annotations == (("link", "http://x"), ("summary", "it is slow"))
    assert (
        one.fingerprint == read({"labels": {"z": "1", "alertname": "Slow"}}).alerts[0].fingerprint
    )


@pytest.mark.parametrize(
    ("alert", "wrong"),
    [
        ({}, "at least one label pair required"),
        ({"labels": {"a": ""}}, "at least one label pair required"),
        ({"labels": {"a": None}}, "at least one label pair required"),
        ({"labels": {"a-b": "x"}}, "invalid label set: invalid name 'a-b'"),
        ({"labels": {f"a{n}": "x" for n in range(10_000)}}, f"at most {LABELS_MAX}"),
        ({"labels": {"a": "x" * LABEL_BYTES_MAX}}, f"labels of more than {LABEL_BYTES_MAX}"),
        (
            {"labels": {"a": "x"}, "startsAt": at(9_000), "endsAt": at(8_000)},
            "start time must be before end time",
        ),
    ],
)
def test_what_is_not_valid_is_said_and_the_others_are_taken(
    alert: dict[str, object], wrong: str
) -> None:
    posted = read(alert, {"labels": {"alertname": "Slow"}})
    assert len(posted.alerts) == 1
    (said,) = posted.wrong
    assert wrong in said


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"labels": null}]',
        b'[{"labels": {"a": 1}}]',
        b'[{"labels": {"a": "b"}, "startsAt": 17}]',
        b'[{"labels": {"a": "b"}, "startsAt": "yesterday"}]',
        b'[{"labels": {"a": "\\ud800"}}]',
        b'[{"labels": {"a": "\xff"}}]',
        b"[" * 100_000,
        b"[" + b'{"labels":{"a":"b"}},' * ALERTS_MAX + b'{"labels":{"a":"b"}}]',
    ],
)
def test_a_body_that_is_no_list_of_alerts_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BodyMalformed):
        read_posted(body, now_ms=NOW_MS, resolve_timeout_ms=TIMEOUT_MS)


def test_the_first_place_that_is_wrong_is_said() -> None:
    with pytest.raises(BodyMalformed, match=r"\$\[1\]\.startsAt"):
        read({"labels": {"a": "b"}}, {"labels": {"a": "b"}, "startsAt": "soon"})


def test_a_webhooks_firing_alert_is_held_and_a_resolved_one_ends() -> None:
    labels = {"alertname": "Slow"}
    told = [
        {"status": "firing", "labels": labels, "startsAt": at(5_000), "endsAt": ZERO},
        {"status": "resolved", "labels": labels, "startsAt": at(5_000), "endsAt": at(9_000)},
    ]
    body = json.dumps({"version": "4", "alerts": told, "groupKey": "{}:{}"}).encode()
    firing, over = read_webhook(body, now_ms=NOW_MS).alerts
    assert (firing.starts_ms, firing.ends_ms) == (5_000, NOW_MS + HOLD_MS)
    assert over.span == (5_000, 9_000, False)
    for other in (b'{"version": "5", "alerts": []}', b'{"alerts": []}', b'{"version": "4"}'):
        with pytest.raises(BodyMalformed):
            read_webhook(other, now_ms=NOW_MS)


@pytest.mark.parametrize("ends", [{}, {"endsAt": ZERO}, {"endsAt": None}])
@pytest.mark.parametrize("starts_ms", [5_000, NOW_MS + 5_000])
def test_what_has_resolved_without_an_end_ends_now(ends: dict[str, str], starts_ms: int) -> None:
    labels = {"alertname": "Slow"}
    told = {"status": "resolved", "labels": labels, "startsAt": at(starts_ms), **ends}
    body = json.dumps({"version": "4", "alerts": [told]}).encode()
    (one,) = read_webhook(body, now_ms=NOW_MS).alerts
    assert one.ends_ms == NOW_MS
    assert one.is_resolved(NOW_MS)
    assert not one.is_timed, "somebody said so"


def test_an_alert_may_have_many_labels() -> None:
    labels = {f"label_{number}": "x" for number in range(1_000)}
    (one,) = read({"labels": labels}).alerts
    assert len(one.labels) == len(labels)
