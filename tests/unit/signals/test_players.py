"""Player events: their schema, their columns without an id in them, and what they add up to."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import BodyMalformed, BodyTooLarge
from auscult.kernel.telemetry import PlayerEventKind
from auscult.kernel.telemetry.players import DIMENSIONS
from auscult.kernel.words import TenantId
from auscult.signals.players import PlayBook, PlayerEvent, PlayerMeter, ReadEvents, read_events
from auscult.signals.players.book import AGE_MS_MAX
from auscult.signals.players.events import AHEAD_MS_MAX, EVENTS_MAX
from auscult.vault.keyring import parse_ring
from auscult.vault.vault import Vault
from tests.unit.signals.sink import NOW_MS, MemorySink

VAULT = Vault(parse_ring("k1=" + "A" * 43 + "="))


def pseudonym(name: str) -> str:
    return VAULT.pseudonym(TenantId("acme"), name)


def read(*events: Any) -> ReadEvents:
    body = json.dumps({"events": events}).encode()
    return read_events(body, pseudonym=pseudonym, now_ms=NOW_MS)


def test_events_become_columns_without_an_id_in_them() -> None:
    start = {"event": "startup", "at_ms": NOW_MS - 5, "lasted_ms": 900, "listener": "ann@example"}
    done = read(
        {**start, "session": "s1", "programme": "live", "edge": "fra"},
        {"event": "stall", "lasted_ms": 1500.5, "listener": "ann@example", "edge": "fra"},
        {"event": "switch", "bitrate_kbps": 96, "listener": "bob"},
    )
    events = done.events
    assert (done.rejected, done.reasons) == (0, ())
    assert [PlayerEventKind(one).name for one in events.kind] == ["STARTUP", "STALL", "SWITCH"]
    assert events.at_ms.tolist() == [NOW_MS - 5, NOW_MS, NOW_MS]
    assert events.lasted_ms[:2].tolist() == [900.0, 1500.5]
    assert np.isnan(events.lasted_ms[2])
    assert events.bitrate_kbps[2] == 96.0
    ann, again, bob = events.listener.tolist()
    assert ann == again == int(pseudonym("ann@example")[2:18], 16)
    assert bob not in {0, ann}
    assert events.session.tolist()[1:] == [0, 0]
    assert events.session[0] != ann
    assert [events.texts[one] for one in events.place[0]] == ["live", "", "fra", "", ""]
    assert "ann@example" not in repr(done)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"event": "sing"}, "event"),
        ({}, "event"),
        ({"event": "stall", "lasted_ms": -1}, "lasted_ms"),
        ({"event": "stall", "lasted_ms": 9e9}, "lasted_ms"),
        ({"event": "switch", "bitrate_kbps": "NaN"}, "bitrate_kbps"),
        ({"event": "end", "listener": "x" * 200}, "listener"),
        ({"event": "end", "edge": "a\nb"}, "edge"),
        ({"event": "end", "password": "x"}, "password"),
        ("end", "valid dictionary"),
    ],
)
def test_a_bad_event_loses_no_other(event: Any, why: str) -> None:
    done = read({"event": "end"}, event, {"event": "failure"})
    assert len(done.events) == 2
    assert done.rejected == 1
    assert done.reasons[0][0] == 1
    assert why in done.reasons[0][1]


def test_reasons_are_bounded() -> None:
    done = read(*({"event": n} for n in range(100)))
    assert (done.rejected, len(done.reasons)) == (100, 20)


def test_a_time_out_of_sense_is_now() -> None:
    at_ms = [0, NOW_MS + AHEAD_MS_MAX + 1, NOW_MS + 1, NOW_MS - 1_000]
    done = read(*({"event": "end", "at_ms": one} for one in at_ms))
    assert done.events.at_ms.tolist() == [NOW_MS, NOW_MS, NOW_MS + 1, NOW_MS - 1_000]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"events": 1}', b'{"events": [], "more": 1}', b"\xff", b"[" * 99_999],
)
def test_a_batch_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(BodyMalformed):
        read_events(body, pseudonym=pseudonym, now_ms=NOW_MS)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BodyTooLarge, match="events"):
        read(*({"event": "end"} for _ in range(EVENTS_MAX + 1)))
    monkeypatch.setattr("auscult.signals.players.events.BODY_BYTES_MAX", 10)
    with pytest.raises(BodyTooLarge, match="bytes"):
        read({"event": "end"})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=8))
def test_no_event_does_harm(event: Any) -> None:
    done = read(event, {"event": "end"})
    assert len(done.events) + done.rejected == 2


def test_the_schema_names_every_field() -> None:
    assert set(PlayerEvent.model_json_schema()["properties"]) >= {"event", *DIMENSIONS}


def tell(meter: PlayerMeter) -> dict[tuple[str, ...], float]:
    sink = MemorySink()
    return {
        tuple(value for _, value in sink.registry.labels_of(slot)): value
        for told in meter.tell(sink.slot, now_ms=NOW_MS)
        for slot, value in zip(told.slots.tolist(), told.value.tolist(), strict=True)
    }


def test_events_add_up_in_all_and_by_each_dimension() -> None:
    meter = PlayerMeter()
    edge = {"edge": "fra", "listener": "ann"}
    meter.count(
        read(
            {"event": "startup", "lasted_ms": 500, **edge},
            {"event": "startup", "lasted_ms": 1500, "listener": "bob"},
            {"event": "startup"},
            {"event": "stall", "lasted_ms": 2000, **edge},
            {"event": "switch", "bitrate_kbps": 64, **edge},
            {"event": "failure", **edge},
            {"event": "end", "lasted_ms": 0},
            {"event": "end", "lasted_ms": 60_000, **edge},
        ).events,
        now_ms=NOW_MS,
    )
    meter.count(read().events, now_ms=NOW_MS)
    told = tell(meter)
    assert {names[0]: value for names, value in told.items() if len(names) == 1} == {
        "player_startups_total": 3.0,
        "player_startup_mean_seconds": 1.0,
        "player_stalls_total": 1.0,
        "player_stalled_seconds_total": 2.0,
        "player_switches_total": 1.0,
        "player_bitrate_mean_kbps": 64.0,
        "player_failures_total": 1.0,
        "player_ends_total": 2.0,
        "player_played_seconds_total": 60.0,
        "player_exits_before_start_total": 1.0,
        "player_listeners": 2.0,
    }
    assert told["player_startups_total", "fra"] == 1.0
    assert told["player_startup_mean_seconds", "fra"] == 0.5
    assert told["player_exits_before_start_total", "fra"] == 0.0
    assert {names[1] for names in told if len(names) > 1} == {"fra"}
    assert "player_listeners" not in {names[0] for names in tell(meter)}


def test_recent_plays_are_kept_within_their_bounds() -> None:
    book = PlayBook(events_max=3)
    two = read({"event": "end"}, {"event": "end"}).events
    book.add(two, now_ms=NOW_MS)
    book.add(read().events, now_ms=NOW_MS)
    assert (len(book), book.kept) == (2, (two,))
    book.add(two, now_ms=NOW_MS + 1)
    assert (len(book), len(book.kept)) == (2, 1)
    book.add(read().events, now_ms=NOW_MS + AGE_MS_MAX + 2)
    assert (len(book), book.kept) == (0, ())
