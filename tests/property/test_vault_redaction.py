"""Redaction takes every planted secret out of anything, and doing it twice changes nothing."""

import string
import time

from hypothesis import assume, given
from hypothesis import strategies as st

from auscult.vault.redaction import redact, redact_text

SECRET = st.text(string.ascii_letters + string.digits, min_size=12, max_size=40)
AROUND = st.text(max_size=40)
PLANTS = (
    "Authorization: Bearer {}",
    "'authorization': 'Basic {}'",
    "bearer {}",
    "ak_{}",
    "whsec_{}",
    "https://hooks.slack.com/services/T0/B0/{}",
    "https://user:{}@host/x",
    "postgresql+psycopg://u:{}@h/d",
    "https://h/x?sig={}",
    "password={}",
    '"api_key": "{}"',
    "cookie: session={}",
    "v1:key:AAAAAAAAAAAAAAAA:{}",
)


@given(SECRET, AROUND, AROUND, st.sampled_from(PLANTS))
def test_a_planted_secret_is_gone(secret: str, before: str, after: str, plant: str) -> None:
    assume(secret not in before + after)
    assert secret not in redact_text(f"{before} {plant.format(secret)} {after}")


@given(SECRET, st.sampled_from(PLANTS))
def test_it_is_gone_from_any_depth(secret: str, plant: str) -> None:
    text = plant.format(secret)
    shaped = redact({"a": [{"b": (text, {text: 1})}], "raw": text.encode(), "password": [secret]})
    assert secret not in str(shaped)


@given(st.text(max_size=200))
def test_twice_is_once(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


def test_long_text_takes_time_in_proportion() -> None:
    began = time.perf_counter()
    for part in ("a-", "a.", "a@", "x-a-", "://", "a://a:", "token ", "cookie", "https://a:"):
        redact_text(part * (4000 // len(part)))
    assert time.perf_counter() - began < 2
