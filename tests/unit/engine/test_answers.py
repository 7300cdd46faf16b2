"""An answer is kept until something of its tenant changes, or for a second."""

import pytest

from auscult.engine import answers as module
from auscult.engine.answers import KEPT_S, Answers
from auscult.kernel.words import TenantId
from auscult.runtime.clock import FakeClock
from tests.unit.engine.bench import ACME

BOLT = TenantId("bolt")


def keep(answers: Answers, question: str, answer: bytes, tenant: TenantId = ACME) -> None:
    answers.keep(tenant, question, answer=answer, change=answers.change_of(tenant))


def test_an_answer_is_its_tenants_and_its_questions_alone() -> None:
    answers = Answers(FakeClock())
    keep(answers, "open", b"one")
    assert answers.find(ACME, "open") == b"one"
    assert answers.find(BOLT, "open") is None
    assert answers.find(ACME, "all") is None


def test_a_change_ends_the_answers_of_its_tenant() -> None:
    answers = Answers(FakeClock())
    keep(answers, "open", b"one")
    keep(answers, "open", b"two", BOLT)
    answers.end(ACME)
    assert answers.find(ACME, "open") is None
    assert answers.find(BOLT, "open") == b"two"


def test_an_answer_that_was_overtaken_while_it_was_read_is_never_given() -> None:
    answers = Answers(FakeClock())
    change = answers.change_of(ACME)
    answers.end(ACME)
    answers.keep(ACME, "open", answer=b"old", change=change)
    assert answers.find(ACME, "open") is None


def test_no_answer_is_older_than_a_second() -> None:
    clock = FakeClock()
    answers = Answers(clock)
    keep(answers, "open", b"one")
    clock.advance(ms=int(KEPT_S * 1000) - 1)
    assert answers.find(ACME, "open") == b"one"
    clock.advance(ms=1)
    assert answers.find(ACME, "open") is None


def test_the_oldest_go_when_they_are_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES_MAX", 10)
    answers = Answers(FakeClock())
    for question in ("a", "b", "a", "c"):
        keep(answers, question, b"12345")
    assert [answers.find(ACME, question) for question in "abc"] == [b"12345", None, b"12345"]
    keep(answers, "huge", b"x" * 11)
    assert [answers.find(ACME, question) for question in ("a", "c", "huge")] == [None] * 3
