"""Signatures agree with the example published with Standard Webhooks; statuses with the table."""

import pytest

from auscult.kernel.deliveries import NOT_NOW, judge_status, retry_after_ms, signing_headers
from auscult.kernel.effects import Result
from auscult.kernel.errors import SettingError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_example_is_signed_as_published() -> None:
    headers = signing_headers(
        b'{"test": 2432232314}',
        key="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at_ms=1_614_265_330_000,
        secrets=[SECRET],
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_give_two_signatures_and_none_gives_none() -> None:
    both = signing_headers(b"x", key="k", at_ms=0, secrets=[SECRET, "plain"])
    assert len(both["webhook-signature"].split(" ")) == 2
    assert "webhook-signature" not in signing_headers(b"x", key="k", at_ms=0, secrets=[])


def test_a_secret_that_is_not_base64_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingError) as why:
        signing_headers(b"x", key="k", at_ms=0, secrets=["whsec_not*base64"])
    assert "not*base64" not in str(why.value)


@pytest.mark.parametrize("kind", sorted(NOT_NOW))
@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.DONE),
        (202, Result.DONE),
        (301, Result.REFUSED),
        (400, Result.REFUSED),
        (401, Result.REFUSED),
        (404, Result.REFUSED),
        (410, Result.REFUSED),
        (429, Result.RETRY),
        (500, Result.RETRY),
        (503, Result.RETRY),
    ],
)
def test_every_kind_judges_the_usual_statuses_alike(kind: str, status: int, result: Result) -> None:
    assert judge_status(kind, status) is result


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("", None),
        ("3", 3_000),
        (" 7 ", 7_000),
        ("-1", None),
        ("9" * 30, 3_600_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_within_bounds(header: str, wait_ms: int | None) -> None:
    assert retry_after_ms(header) == wait_ms


@pytest.mark.parametrize(
    ("header", "date", "wait_ms"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:26:30 GMT", 90_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:29:00 GMT", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 3_600_000),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "soon", None),
        ("soon", "Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("7", "Wed, 21 Oct 2015 07:28:00 GMT", 7_000),
    ],
)
def test_retry_after_is_read_as_a_time_by_the_clock_of_who_says_it(
    header: str, date: str, wait_ms: int | None
) -> None:
    assert retry_after_ms(header, date) == wait_ms
