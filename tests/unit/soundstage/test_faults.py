"""Every fault of the sound is in the samples, and strangers really ask what is said of them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from soundstage.audio.format import CHUNK_SAMPLES, SAMPLE_RATE, Pcm
from soundstage.audio.synth import STYLES, Synth
from soundstage.delivery.accounts import is_right
from soundstage.errors import BadTarget
from soundstage.outside.links import read_impairment
from soundstage.outside.proxy import Impairment
from soundstage.plan import Programme
from soundstage.sabotage import shelf
from soundstage.sabotage.inside import Inside

KEY = "acme/charts"
SYNTH = Synth(STYLES["pop"], 3)


def play(name: str, seqs: range = range(4), **parameters: Any) -> tuple[Pcm, Pcm]:
    """(what entered the stage, what left it) while a fault is in force."""

    async def live() -> Pcm:
        inside = Inside()
        inside.enter(name, parameters, seconds=60)
        bent = np.concatenate([inside.bend(KEY, seq, SYNTH.render(seq)) for seq in seqs])
        inside.leave(name)
        assert inside.bend(KEY, 9, bent) is bent
        return bent

    clean = np.concatenate([SYNTH.render(seq) for seq in seqs])
    bent = asyncio.run(live())
    assert bent.shape == clean.shape
    assert bent.dtype == np.float32
    assert not np.array_equal(bent, clean)
    return clean, bent


def level_db(pcm: Pcm) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(float) ** 2) + 1e-12))


def energy_above(pcm: Pcm, hz: float) -> float:
    power = np.abs(np.fft.rfft(pcm[:, 0])) ** 2
    return float(power[round(hz * len(pcm) / SAMPLE_RATE) :].sum())


def test_silence_is_digital_zero() -> None:
    assert not play("silence")[1].any()


def test_clipping_flattens_the_peaks() -> None:
    clean, bent = play("clipping", gain_db=12.0)
    assert np.abs(bent).max() == pytest.approx(0.99)
    assert np.mean(np.abs(bent) > 0.98) > 0.01 > np.mean(np.abs(clean) > 0.98)


@pytest.mark.parametrize("channel", [0, 1])
def test_a_lost_channel_is_silent_and_the_other_is_untouched(channel: int) -> None:
    clean, bent = play("lost_channel", channel=channel)
    assert not bent[:, channel].any()
    assert np.array_equal(bent[:, 1 - channel], clean[:, 1 - channel])


def test_polarity_turns_the_correlation_of_the_channels() -> None:
    clean, bent = play("polarity")
    assert np.mean(clean[:, 0] * clean[:, 1]) > 0.001
    assert np.mean(bent[:, 0] * bent[:, 1]) < -0.001


def test_a_collapse_leaves_no_difference_between_the_channels() -> None:
    clean, bent = play("mono_collapse")
    assert level_db(clean[:, 0] - clean[:, 1]) > -40
    assert level_db(bent[:, 0] - bent[:, 1]) < -100


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_loudness_jumps_by_the_gain(gain_db: float) -> None:
    clean, bent = play("loudness_jump", gain_db=gain_db)
    assert level_db(bent) - level_db(clean) == pytest.approx(gain_db, abs=0.01)


def test_gaps_are_zero_for_their_length() -> None:
    clean, bent = play("gaps", gap_ms=40, every_ms=500)
    zero = ~bent.any(axis=1)
    assert zero.sum() == 4 * 2 * SAMPLE_RATE * 40 // 1_000
    assert np.array_equal(bent[~zero], clean[~zero])


def test_a_piece_is_played_twice_and_another_skipped() -> None:
    clean, bent = play("skip_repeat", piece_ms=120)
    piece = SAMPLE_RATE * 120 // 1_000
    changed = np.flatnonzero((bent != clean).any(axis=1))
    assert 0.3 * piece < (changed < CHUNK_SAMPLES).sum() <= piece
    at = int(changed[0])
    assert np.array_equal(bent[at : at + piece // 2], clean[at - piece : at - piece // 2])


def test_a_low_pass_takes_the_highs_and_joins_without_a_click() -> None:
    clean, bent = play("low_pass", cutoff_hz=3_500)
    assert energy_above(bent, 7_000) < 1e-3 * energy_above(clean, 7_000)
    assert level_db(bent) - level_db(clean) == pytest.approx(0.0, abs=1.5)
    steps = np.abs(np.diff(bent[:, 0]))
    assert steps[CHUNK_SAMPLES - 1 :: CHUNK_SAMPLES].max() <= np.quantile(steps, 0.9999)


def test_noise_has_the_level_asked_for() -> None:
    clean, bent = play("noise", level_dbfs=-40.0)
    assert level_db(bent - clean) == pytest.approx(-40.0, abs=0.1)


def test_a_wrong_programme_carries_the_sound_of_its_neighbour() -> None:
    other = Synth(STYLES["talk"], 9)

    async def live() -> None:
        inside = Inside()
        inside.enter("wrong_programme", {"programme": KEY}, seconds=60)
        first = inside.bend(KEY, 0, SYNTH.render(0))
        assert np.array_equal(first, SYNTH.render(0))  # nothing else has been heard yet
        talk = inside.bend("birch/talk", 0, other.render(0))
        assert np.array_equal(talk, other.render(0))
        assert np.array_equal(inside.bend(KEY, 1, SYNTH.render(1)), other.render(0))

    asyncio.run(live())


def test_a_fault_of_one_programme_leaves_the_others_alone() -> None:
    async def live() -> None:
        inside = Inside()
        inside.enter("silence", {"programme": KEY}, seconds=60)
        chunk = SYNTH.render(0)
        assert inside.bend("birch/talk", 0, chunk) is chunk
        assert not inside.bend(KEY, 0, chunk).any()

    asyncio.run(live())


def test_a_wrong_codec_setting_is_taken_back() -> None:
    async def live() -> None:
        inside = Inside()
        inside.enter("wrong_codec", {"kbps": 10}, seconds=60)
        assert inside.rate_kbps == 10
        inside.leave("wrong_codec")
        assert inside.rate_kbps == 0
        with pytest.raises(BadTarget, match="kbps"):
            inside.enter("wrong_codec", {"kbps": 1}, seconds=60)
        assert inside.active() == []

    asyncio.run(live())


def test_a_slow_disk_is_waited_for() -> None:
    async def live() -> float:
        inside, loop = Inside(), asyncio.get_running_loop()
        await inside.touch_disk()
        inside.enter("slow_disk", {"delay_ms": 80}, seconds=60)
        began_s = loop.time()
        await inside.touch_disk()
        return loop.time() - began_s

    assert asyncio.run(live()) >= 0.08


class FakeWorld:
    """Remembers what strangers did."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.joined: list[str] = []

    def programmes(self, tenant: str = "") -> tuple[Programme, ...]:
        both = [Programme(name, "x", "pop", seed=1, epoch_ms=0) for name in ("acme", "birch")]
        return tuple(one for one in both if tenant in ("", one.tenant))

    async def listen(self, programme: Programme, _number: int) -> None:
        self.joined.append(programme.tenant)
        await asyncio.sleep(60)

    def send(self, path: str, **more: Any) -> bool:
        self.sent.append({"path": path, **more})
        return True


def act(name: str, until: Callable[[FakeWorld], bool], **parameters: Any) -> FakeWorld:
    async def live() -> FakeWorld:
        inside, world = Inside(), FakeWorld()
        with pytest.raises(BadTarget, match="outside"):
            inside.enter(name, parameters, seconds=60)
        inside.world = world  # type: ignore[assignment]
        inside.enter(name, parameters, seconds=60)
        async with asyncio.timeout(5):
            while not until(world):
                await asyncio.sleep(0.01)
        inside.leave(name)
        await asyncio.sleep(0)
        return world

    return asyncio.run(live())


def test_a_surge_brings_real_listeners_to_every_programme() -> None:
    world = act("traffic_surge", lambda w: len(w.joined) == 6, listeners=6, ramp_s=0.06)
    assert Counter(world.joined) == {"acme": 3, "birch": 3}


def test_stuffing_tries_many_accounts_and_seldom_knows_the_password() -> None:
    world = act("credential_stuffing", lambda w: len(w.sent) >= 60, rate_per_s=200.0, hit_share=0.1)
    right = [one for one in world.sent if is_right("acme", **one["wish"])]
    assert 0 < len(right) <= 0.11 * len(world.sent)
    assert len({one["wish"]["user"] for one in world.sent}) == len(world.sent)
    assert len({one["headers"]["X-Forwarded-For"] for one in world.sent}) == 8
    assert all(one["path"] == "/login/acme" for one in world.sent)


def test_a_flood_comes_from_one_address() -> None:
    world = act("request_flood", lambda w: len(w.sent) >= 100, rate_per_s=500.0)
    assert len({one["headers"]["X-Forwarded-For"] for one in world.sent}) == 1
    assert len({one["path"] for one in world.sent}) == len(world.sent)


@pytest.mark.parametrize("name", ["link_delay", "link_drop", "link_throttle", "link_reset"])
def test_a_bad_link_is_one_the_proxy_knows(name: str) -> None:
    fault = shelf.build(name, {})
    assert read_impairment(fault.parameters()) != Impairment()
