"""Taps of one programme show who asks whom, each once, also where services share a hop."""

import pytest

from auscult.engine.monitoring import ways as module
from auscult.engine.monitoring.ways import Ways
from auscult.kernel.sounds import Stream
from auscult.kernel.words import Subject
from tests.unit.engine.bench import ACME


def learn(ways: Ways, service: str, hop: int | None, programme: str = "radio") -> list[str]:
    stream = Stream(f"{programme} at {service}", programme, Subject(service=service), hop)
    return [f"{caller} asks {called}" for caller, called in ways.learn(ACME, stream)]


def test_taps_of_a_programme_show_who_asks_whom() -> None:
    ways = Ways()
    assert learn(ways, "ingest", 0) == []
    assert learn(ways, "edge", 4) == ["edge asks ingest"]
    assert learn(ways, "edge", 4) == []
    assert learn(ways, "enhance", 1) == ["enhance asks ingest", "edge asks enhance"]
    assert learn(ways, "somewhere", None) == []


def test_services_that_share_a_hop_are_learnt_once_each() -> None:
    ways = Ways()
    learn(ways, "ingest", 0)
    assert learn(ways, "edge-a", 4) == ["edge-a asks ingest"]
    assert learn(ways, "edge-b", 4) == ["edge-b asks ingest"]
    for _ in range(3):
        assert learn(ways, "edge-a", 4) == []
        assert learn(ways, "edge-b", 4) == []
    assert learn(ways, "package", 3) == [
        "package asks ingest",
        "edge-a asks package",
        "edge-b asks package",
    ]


def test_what_is_remembered_is_bounded_and_learnt_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TAPS_MAX", 4)
    ways = Ways()
    for programme in ("one", "two", "three"):
        learn(ways, "ingest", 0, programme)
        assert learn(ways, "edge", 4, programme) == ["edge asks ingest"]
    assert learn(ways, "edge", 4, "three") == []
    learn(ways, "ingest", 0, "one")
    assert learn(ways, "edge", 4, "one") == ["edge asks ingest"], "it was forgotten"


def test_nothing_is_kept_of_a_tenant_that_is_gone() -> None:
    ways = Ways()
    learn(ways, "ingest", 0)
    ways.release(ACME)
    assert learn(ways, "edge", 4) == []
