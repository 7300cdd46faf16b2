import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from auscult.kernel.errors import BodyMalformed
from auscult.signals.history import read_matrix, read_table
from auscult.signals.port import SOURCES
from tests.unit.signals.sink import NOW_MS, MemorySink, columns
from tests.unit.signals.test_scrape import serving
from tests.unit.signals.wire import label_set


def matrix(*series: tuple[dict[str, str], list[tuple[float, str]]]) -> bytes:
    result = [{"metric": metric, "values": values} for metric, values in series]
    data = {"resultType": "matrix", "result": result}
    return json.dumps({"status": "success", "data": data}).encode()


def test_a_matrix_is_read_with_its_odd_numbers() -> None:
    values = [(1_700_000_000.123, "1e+00"), (1_700_000_001, "NaN"), (1_700_000_002, "+Inf")]
    (past,) = read_matrix(matrix(({"__name__": "up", "a": "b"}, values)))
    assert past.labels == (("__name__", "up"), ("a", "b"))
    assert past.at_ms.tolist() == [1_700_000_000_123, 1_700_000_001_000, 1_700_000_002_000]
    assert past.value[0] == 1
    assert np.isnan(past.value[1])
    assert np.isposinf(past.value[2])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"status":"error","errorType":"bad_data","error":"no"}',
        b'{"status":"success","data":{"resultType":"vector","result":[]}}',
        b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[1]}]}}',
        matrix(({}, [(1e300, "1")])),
        matrix(({}, [(1, "one")])),
        b"[" * 100_000,
    ],
)
def test_what_is_no_matrix_is_refused(body: bytes) -> None:
    with pytest.raises(BodyMalformed):
        read_matrix(body)


def test_the_gap_is_filled_and_what_is_known_is_left_out() -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        asked.append({name: str(value) for name, value in form.items()})
        assert request.path == "/api/v1/query_range"
        points = [(NOW_MS / 1000 - 60 + 15 * n, str(n)) for n in range(5)]
        return web.Response(body=matrix(({"__name__": "up"}, points), ({"no": "name"}, points)))

    async def main() -> MemorySink:
        sink = MemorySink()
        slot = sink.slot(label_set("up"))
        sink.take(*columns([(slot, NOW_MS - 45_000, 1.0)]))
        async with serving(answer) as address:
            settings = {"url": f"http://{address}/", "match": ["up"], "lookback_s": 60}
            await SOURCES.make("query_range", settings).run(sink)
        return sink

    sink = asyncio.run(main())
    wanted = [NOW_MS - 45_000 + 15_000 * n for n in range(4)]
    assert sink.window(name="up") == (wanted, [1.0, 2.0, 3.0, 4.0])
    assert sink.total.refused == 0
    assert asked == [
        {"query": "up", "start": "1699999940.000", "end": "1700000000.000", "step": "15"}
    ]
    assert sink.notes[-1].healthy
    assert "__name__" in sink.notes[-1].error


def test_a_server_that_does_not_answer_is_told_of_and_held_up_by_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = SOURCES.make("query_range", {"url": "http://127.0.0.1:9", "match": ["up", "b"]})
    monkeypatch.setattr("auscult.signals.sources.query_range._RETRIES_S", (0.0, 0.01))
    sink = MemorySink()
    asyncio.run(source.run(sink))
    assert [note.healthy for note in sink.notes] == [False] * 4
    assert sink.notes[0].error


def test_a_table_is_read_in_every_way_of_writing_times(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "\ufefftimestamp,value\n2023-11-14T22:13:25Z,5\n2023-11-14 22:13:20,1\n\n"
        "1700000001,2\n1700000002000,3\n1700000003.5,\n2023-11-14T23:13:24+01:00,nan\n"
    )
    table = read_table(path)
    after_ms = (table.at_ms - NOW_MS).tolist()
    assert after_ms == [0, 1_000, 2_000, 3_500, 4_000, 5_000]
    np.testing.assert_array_equal(table.value[:, 0], [1, 2, 3, np.nan, np.nan, 5])
    assert table.names == ("value",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("timestamp\n1\n", 1),
        ("1700000000,5\n", 1),
        ("t,v\n1,2,3\n", 2),
        ("t,v\n1,2\nyesterday,2\n", 3),
        ("t,v\n1,x\n", 2),
        ("t,v\ninf,1\n", 2),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(BodyMalformed) as refused:
        read_table(path)
    assert refused.value.position == line


def test_csv_files_are_replayed_at_once_with_their_own_times(tmp_path: Path) -> None:
    (tmp_path / "cpu load.csv").write_text("timestamp,value\n1699999000,1\n1699999060,2\n")
    (tmp_path / "wide.csv").write_text("time,a,b_total\n1699999000,1,10\n1699999010,,20\n")
    sink = MemorySink()
    files = [str(tmp_path / name) for name in ("cpu load.csv", "wide.csv", "no.csv")]
    asyncio.run(SOURCES.make("csv", {"files": files}).run(sink))
    assert sink.window(name="a", job="csv")[1] == [1.0]
    assert sink.window(name="b_total", job="csv")[1] == [1.0]
    assert [note.name for note in sink.notes if not note.healthy] == ["csv no.csv"]


def test_a_faster_replay_begins_now_and_keeps_its_distances_in_proportion(tmp_path: Path) -> None:
    rows = "".join(f"{1_600_000_000 + 60 * n},{n}\n" for n in range(10))
    (tmp_path / "x.csv").write_text("timestamp,value\n" + rows)
    now = {"ms": NOW_MS}

    class Sleeper(MemorySink):
        def now_ms(self) -> int:
            now["ms"] += 10
            return now["ms"]

    sink = Sleeper()
    settings = {"files": [str(tmp_path / "x.csv")], "speed": 600}
    asyncio.run(SOURCES.make("csv", settings).run(sink))
    at_ms, value = sink.window(name="x", job="csv")
    assert value == list(range(10))
    assert np.diff(at_ms).tolist() == [100] * 9
    assert at_ms[0] == NOW_MS + 10


def test_a_replay_beyond_the_series_cap_is_told_of(tmp_path: Path) -> None:
    names = ",".join(f"c{n}" for n in range(3_001))
    (tmp_path / "x.csv").write_text(f"t,{names}\n1699999000{',1' * 3_001}\n")
    sink = MemorySink()
    asyncio.run(SOURCES.make("csv", {"files": [str(tmp_path / "x.csv")]}).run(sink))
    assert [note.healthy for note in sink.notes] == [False]
    assert "3000 series" in sink.notes[0].error
