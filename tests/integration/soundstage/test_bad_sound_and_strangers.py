"""Faults of sound, network, disk and people change what really happens at the edge, and end."""

import time
from collections import Counter

import numpy as np
import pytest

from soundstage.audio.format import SAMPLE_RATE
from soundstage.sabotage.injection import aim
from tests.integration.soundstage.platform import Living, until

PLAYLIST = "/live/birch/talk/playlist.m3u8"


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm**2)))


def highs(pcm: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(pcm[:, 0])) ** 2
    return float(power[len(pcm) * 7_000 // SAMPLE_RATE :].sum() / power.sum())


@pytest.mark.parametrize("target", ["ingest", "enhance", "encode"])
def test_silence_of_one_programme_is_heard_there_and_nowhere_else(
    living: Living, target: str
) -> None:
    only = {"programme": "acme/charts"}
    with aim(living.state, "silence", target=target, seconds=30, parameters=only):
        until(lambda: rms(living.heard("acme/charts")) < 0.01, within_s=25, what="silence")
        assert rms(living.heard("coral/club")) > 0.02
    until(lambda: rms(living.heard("acme/charts")) > 0.02, within_s=25, what="sound again")


def test_a_wrong_codec_setting_makes_segments_small_and_dull(living: Living) -> None:
    def size() -> int:
        number = living.segments("coral/club")[-1]
        return len(living.get("edge", f"/live/coral/club/{number}-96.m4s")[1])

    before, bright = size(), highs(living.heard("coral/club"))
    with aim(living.state, "wrong_codec", seconds=30, parameters={"kbps": 10}):
        until(lambda: size() < before / 3, within_s=25, what="small segments")
        assert highs(living.heard("coral/club")) < bright / 3
    until(lambda: size() > before / 2, within_s=25, what="the right rate again")


@pytest.mark.parametrize(
    ("name", "outcome", "parameters"),
    [
        ("link_reset", "unreachable", {"reset_share": 0.5}),
        ("link_drop", "timeout", {"drop_share": 0.5}),
    ],
)
def test_a_bad_link_is_noticed_by_who_asks_over_it(
    living: Living, name: str, outcome: str, parameters: dict[str, float]
) -> None:
    def noticed() -> float:
        return living.value(
            "edge", "soundstage_upstream_requests_total", upstream="package", outcome=outcome
        )

    before = noticed()
    with aim(living.state, name, target="package", seconds=30, parameters=parameters):
        until(lambda: noticed() > before, within_s=25, what=outcome)
        assert living.get("package", PLAYLIST)[0] == 200  # the stage itself is well
    time.sleep(2.5)  # what was under way may still time out
    after = noticed()
    time.sleep(2.0)
    assert noticed() == after


def test_a_long_link_and_a_narrow_one_make_answers_late(living: Living) -> None:
    def took_s() -> float:
        began_s = time.monotonic()
        assert living.get("edge", "/vod/acme/charts/episodes.json", timeout_s=8)[0] in {200, 502}
        return time.monotonic() - began_s

    with aim(living.state, "link_delay", target="package", seconds=30):
        until(lambda: took_s() >= 0.7, within_s=20, what="late answers")
    with aim(living.state, "link_throttle", seconds=30, parameters={"rate_kbps": 4.0}):
        until(lambda: took_s() >= 0.3, within_s=20, what="slow answers")
    until(lambda: took_s() < 0.3, within_s=20, what="quick again")


def test_a_slow_disk_makes_the_packager_late(living: Living) -> None:
    def lag_s() -> float:
        return living.value("package", "soundstage_lag_seconds", tenant="birch", programme="talk")

    until(lambda: lag_s() < 1.0, within_s=20, what="in time")
    with aim(living.state, "slow_disk", seconds=30, parameters={"delay_ms": 1_800}):
        until(lambda: lag_s() > 1.5, within_s=25, what="late")
    assert until(lambda: lag_s() < 1.0, within_s=25, what="in time again") < 25


def test_a_crowd_really_listens(living: Living) -> None:
    def addresses() -> int:
        return len({row["remote_addr"] for row in living.edge_log()})

    before = addresses()
    parameters = {"listeners": 20, "ramp_s": 1.0}
    with aim(living.state, "traffic_surge", seconds=30, parameters=parameters):
        until(lambda: addresses() >= before + 12, within_s=25, what="a crowd")
    assert addresses() >= before + 12


def test_strangers_are_in_the_log_of_the_edge(living: Living) -> None:
    def answers(path: str, agent: str) -> Counter[int]:
        rows = [row for row in living.edge_log() if row["uri"].startswith(path)]
        return Counter(row["status"] for row in rows if row["http_user_agent"].startswith(agent))

    parameters = {"rate_per_s": 50.0, "hit_share": 0.05}
    with aim(living.state, "credential_stuffing", seconds=30, parameters=parameters):
        until(
            lambda: min(answers("/login", "python-requests")[code] for code in (401, 200)) >= 2,
            within_s=25,
            what="tried passwords",
        )
    parameters = {"rate_per_s": 100.0}
    with aim(living.state, "request_flood", seconds=30, parameters=parameters):
        until(lambda: answers("/live", "curl")[200] > 100, within_s=25, what="a flood")
    time.sleep(1.0)
    after = answers("/live", "curl")[200]
    time.sleep(1.0)
    assert answers("/live", "curl")[200] == after
