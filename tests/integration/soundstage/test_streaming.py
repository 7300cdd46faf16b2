"""A running platform really streams the programmes it claims to stream."""

import json
import re

import numpy as np
import pytest

from soundstage.audio.codec import decode
from soundstage.audio.fmp4 import pack_init
from soundstage.audio.format import CHUNK_SAMPLES
from soundstage.audio.synth import STYLES, Synth
from soundstage.plan import STAGES, Programme
from tests.integration.soundstage.platform import Living, run, until

SERIES_MOST = 600


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Highest normalised cross-correlation within ±50 ms."""
    size = min(one.size, other.size)
    one, other = one[:size] - one[:size].mean(), other[:size] - other[:size].mean()
    spectrum = np.fft.rfft(one, 2 * size) * np.conj(np.fft.rfft(other, 2 * size))
    lags = np.fft.irfft(spectrum)
    near = np.concatenate([lags[:2400], lags[-2400:]])
    return float(near.max() / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize("key", ["acme/charts", "birch/talk"])
def test_a_segment_at_the_edge_is_the_programme(living: Living, key: str) -> None:
    until(lambda: len(living.segments(key)) >= 2, within_s=15, what="two segments")
    number = living.segments(key)[-1]
    status, body = living.get("edge", f"/live/{key}/{number}-96.m4s")
    assert status == 200
    heard = decode(pack_init() + body).mean(axis=1)
    programme = next(p for p in living.plan.programmes if p.key == key)
    sent = render(programme, number)
    assert heard.size == pytest.approx(2 * CHUNK_SAMPLES, abs=700)
    assert float(np.sqrt(np.mean(heard**2))) > 0.02
    assert likeness(heard, sent) > 0.6
    assert likeness(heard, render(programme, number + 50)) < 0.5


def render(programme: Programme, number: int) -> np.ndarray:
    synth = Synth(STYLES[programme.source], programme.seed)
    pair = [synth.render(2 * number), synth.render(2 * number + 1)]
    return np.asarray(np.concatenate(pair).mean(axis=1))


def test_listeners_play_without_a_stall_and_can_decode(living: Living) -> None:
    def playing() -> float:
        return sum(
            living.value(f"listeners-{tenant}", "soundstage_active_sessions")
            for tenant in ("acme", "birch", "coral")
        )

    until(lambda: playing() == 10, within_s=15, what="all sessions play")
    assert living.value("listeners-acme", "soundstage_decode_failures_total") == 0
    assert living.value("listeners-acme", "soundstage_buffer_seconds") > 0
    assert 2 < living.value("listeners-birch", "soundstage_latency_seconds") < 15


def test_every_process_tells_about_itself_in_modest_words(living: Living) -> None:
    total = 0
    for process in living.plan.processes:
        status, body = living.get(process.name, "/metrics")
        assert status == 200
        rows = [row for row in body.decode().splitlines() if row and row[0] != "#"]
        total += len(rows)
        assert all(row.startswith(("soundstage_", "process_")) for row in rows)
        text = "\n".join(rows)
        assert f'soundstage_release_info{{release="v1",stage="{process.name}"}} 1.0' in text
        if process.upstream:
            assert f'upstream="{process.upstream}"' in text
        assert living.get(process.name, "/healthz")[0] == 200
    assert 300 <= total <= SERIES_MOST


def test_what_a_stage_counts_is_what_was_asked(living: Living) -> None:
    def counted() -> float:
        return living.value("edge", "soundstage_requests_total", code="404")

    before = counted()
    paths = [
        "/live/acme/charts/999999-96.m4s",
        "/live/nobody/x/playlist.m3u8",
        f"/live/acme/charts/{'9' * 5_000}-96.m4s",
        f"/vod/acme/charts/{'9' * 5_000}/playlist.m3u8",
        "/stream/acme/nothing.ogg",
    ]
    for path in paths:
        assert living.get("edge", path)[0] == 404
    assert counted() == before + len(paths)
    assert living.get("package", f"/chunks/acme/charts?after={'9' * 5_000}")[0] == 404
    assert living.get("ingest", "/tap/acme/charts.wav?seconds=99999")[0] == 400


def test_the_state_folder_tells_tools_where_everything_is(living: Living) -> None:
    document = json.loads((living.state / "soundstage.json").read_text())
    targets = json.loads((living.state / "targets.json").read_text())
    assert document["metrics"] == targets
    assert {group["labels"]["service"] for group in targets} >= set(STAGES)
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", group["targets"][0]) for group in targets)
    assert all(document["pids"][process.name] > 1 for process in living.plan.processes)


def test_a_second_platform_in_the_same_folder_is_refused(living: Living) -> None:
    second = run("up", "--state", str(living.state))
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert "Traceback" not in second.stderr
