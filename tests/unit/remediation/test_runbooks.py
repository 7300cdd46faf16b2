"""Runbooks and their templates: what fits, what a target may be called, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auscult.kernel.errors import PreconditionFailed, SettingError
from auscult.kernel.findings import Phase
from auscult.kernel.words import Severity
from auscult.remediation.decide import Runbook, check_template, fill
from tests.story import a_signal, an_incident

BOOK = {"name": "restart", "match": ['seen_by="absence"'], "action": {"use": "supervisor"}}


def test_a_template_is_filled_from_the_finding() -> None:
    values = {"service": "encode", "label.zone": "eu-1"}
    assert fill("stage:{service}@{label.zone}", values) == "stage:encode@eu-1"


@pytest.mark.parametrize("value", ["", "a b", "a/b", "a;b", "a\n", "{x}", "a@b", "é", "x" * 201])
def test_a_value_that_could_mean_more_than_itself_is_refused(value: str) -> None:
    with pytest.raises(PreconditionFailed):
        fill("{service}", {"service": value})


@given(st.text(max_size=30))
def test_a_filled_template_has_only_what_it_may_have(value: str) -> None:
    try:
        filled = fill("http://{instance}/healthz", {"instance": value})
    except PreconditionFailed:
        return
    host = filled.removeprefix("http://").removesuffix("/healthz")
    assert host == value
    assert not set(host) & set("/?#@\\ \n\"'{}")


@pytest.mark.parametrize("wrong", ["{servce}", "{label.}", "{", "}", "{service", "{0}", "{a.b}"])
def test_a_template_with_an_unknown_placeholder_is_refused(wrong: str) -> None:
    with pytest.raises(SettingError):
        check_template(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"match": []},
        {"match": ["x"]},
        {"target": "{nobody}"},
        {"action": {}},
        {"cooldown_s": 0},
        {"blast_radius": 0},
        {"typo": 1},
    ],
)
def test_a_wrong_runbook_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Runbook.model_validate(BOOK | wrong)


def test_a_runbook_keeps_nothing_of_the_actions_settings() -> None:
    book = Runbook.model_validate(
        BOOK | {"action": {"use": "http", "url": "http://x", "secret": "tell-nobody"}}
    )
    assert book.action.use == "http"
    assert "tell-nobody" not in repr(book)


def test_a_runbook_fits_each_target_by_its_signals_the_worst_first() -> None:
    book = Runbook.model_validate(BOOK | {"target": "{service}/{instance}"})
    incident = an_incident(
        a_signal("edge", severity=Severity.WARNING),
        a_signal("encode"),
        a_signal("ingest", seen_by="scorer"),
        a_signal("odd name"),
    )
    targets = [target for target, _ in book.fitting(incident)]
    assert targets == ["encode/encode-1:9003", "edge/edge-1:9003"]


def test_a_target_is_quiet_when_every_signal_about_it_has_cleared() -> None:
    book = Runbook.model_validate(BOOK)
    cleared = a_signal("encode", phase=Phase.CLEARED)
    second = a_signal("encode", fingerprint="other")
    assert book.firing(an_incident(cleared), "encode") is None
    assert book.firing(an_incident(cleared, second), "encode") == second
    assert book.firing(an_incident(cleared, second), "edge") is None
