"""Who reports from elsewhere is told of on the coverage page, and so is who has gone silent."""

import numpy as np

from auscult.engine.monitoring.agents import FORGOTTEN_MS, SILENT_MS, STREAMS_MAX, Agents
from auscult.kernel.sounds import Heard, Stream, Unheard, Why
from auscult.kernel.words import Subject, TenantId

ACME, BIRCH = TenantId("acme"), TenantId("birch")
NOW_MS = 1_795_000_000_000
HEARD = Heard(np.zeros((480, 1), np.float32), 48_000, NOW_MS, 1)


def stream(name: str) -> Stream:
    return Stream(name, "acme/pop", Subject(service="edge"), vantage="fra1", is_reported=True)


def test_each_stream_has_its_last_word() -> None:
    agents = Agents()
    agents.note(ACME, stream("pop from fra1"), HEARD, now_ms=NOW_MS)
    agents.note(ACME, stream("pop from ams1"), HEARD, now_ms=NOW_MS)
    refused = Unheard(Why.REFUSED, NOW_MS, "503")
    agents.note(ACME, stream("pop from ams1"), refused, now_ms=NOW_MS + 1_000)
    ams, fra = agents.healths(ACME, now_ms=NOW_MS + 2_000)
    assert (fra.name, fra.healthy, fra.last_sample_ms, fra.error) == (
        "pop from fra1", True, NOW_MS, "",
    )  # fmt: skip
    assert (ams.healthy, ams.last_sample_ms, ams.error) == (False, NOW_MS, "refused: 503")
    assert agents.healths(BIRCH, now_ms=NOW_MS) == []


def test_who_is_silent_is_said_to_be_until_a_day_is_over() -> None:
    agents = Agents()
    agents.note(ACME, stream("pop"), HEARD, now_ms=NOW_MS)
    (silent,) = agents.healths(ACME, now_ms=NOW_MS + SILENT_MS + 1_000)
    assert not silent.healthy
    assert silent.error == "no word from its agent for 61 s"
    assert agents.healths(ACME, now_ms=NOW_MS + FORGOTTEN_MS + 1) == []


def test_names_without_end_are_bounded_and_a_tenant_can_be_forgotten() -> None:
    agents = Agents()
    for number in range(STREAMS_MAX + 5):
        agents.note(ACME, stream(f"s{number:05}"), HEARD, now_ms=NOW_MS)
    told = agents.healths(ACME, now_ms=NOW_MS)
    assert len(told) == STREAMS_MAX
    assert told[0].name == "s00005", "the one silent for longest goes first"
    agents.release(ACME)
    assert agents.healths(ACME, now_ms=NOW_MS) == []
