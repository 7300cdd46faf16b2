"""Auscult itself advises on a living platform, tries the ladder, and judges it; killed or not."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from soundstage.audio.codec import EFFORT
from soundstage.plan import load_plan
from tests.integration.codec.steady import write_programme
from tests.integration.soundstage.platform import clear, processes_of, run
from tests.product import Product

PROGRAMME = "birch/talk"
PATIENCE_S = 300.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stage")
    sound = write_programme(folder / "sound")
    words = ["--audio", str(sound), "--listeners", "1"]
    started = run("up", "--state", str(folder), *words, "--ladder", "128")
    try:
        assert started.returncode == 0, started.stderr
        yield folder
        run("down", "--state", str(folder))
        assert not processes_of(folder)
    finally:
        clear(folder)


@pytest.fixture
def product(state: Path, tmp_path: Path) -> Iterator[Product]:
    subprocess.run([*_ladder(state), "128"], check=True, timeout=60)
    made = Product(tmp_path, {"birch": {"codec": section(state)}, "cedar": {}})
    yield made
    made.stop()


def section(state: Path, **changed: Any) -> dict[str, Any]:
    stage = load_plan(state)
    stream = {
        "name": PROGRAMME,
        "url": f"{stage.process('edge').url}/live/{PROGRAMME}/master.m3u8",
        "source": f"{stage.process('enhance').url}/tap/{PROGRAMME}.wav",
    }
    apply = [sys.executable, "-m", "soundstage", "ladder", "--state", str(state), "{rates}"]
    chosen = {"record_s": 20, "stretch_s": 7, "stretches": 2, "steps": 2, "settle_s": 6}
    return {
        "allow": True,
        "ladder": ["opus:128"],
        "apply": apply,
        "streams": [stream],
        "throughput_kbps": [50, 2000, 2000],
        "worst_item": 4.7,
        "opus_complexity": EFFORT,
        "begin_after_s": 0,
        "listen_s": 6,
        **chosen,
        **changed,
    }


def test_a_trial_that_is_killed_is_taken_back_by_the_next_start(
    product: Product, state: Path
) -> None:
    product.tenants = {"birch": {"codec": section(state, settle_s=40)}, "cedar": {}}
    birch = product.key("birch")
    product.start()
    until(lambda: 128 not in in_force(state), "the ladder to be changed")
    assert newest(product, birch)["state"] == "on trial"
    product.kill()
    assert in_force(state) != (128,), "nobody was there to take it back"

    product.tenants = {"birch": {"codec": section(state)}, "cedar": {}}
    product.write_config()
    product.start()
    until(lambda: newest(product, birch)["state"] != "on trial", "the trial to be taken back")
    taken_back = newest(product, birch)
    assert taken_back["state"] == "reverted", taken_back
    assert "ended before it was judged" in taken_back["why"]
    assert in_force(state) == (128,)


def test_a_ladder_that_saves_what_was_promised_is_kept_and_shown(
    product: Product, state: Path
) -> None:
    birch, cedar = product.key("birch"), product.key("cedar")
    product.start()
    until(lambda: newest(product, birch).get("state") == "kept", "a ladder to be kept")
    kept = newest(product, birch)
    assert kept["saved_share"] > 0.05
    assert list(in_force(state)) == [int(one.partition(":")[2]) for one in kept["advised"]]
    assert kept["in_force"] == kept["advised"]
    _, rows = product.ask("/api/v1/audit?limit=50", birch)
    actions = [one["action"] for one in rows["rows"] if one["about"] == "ladder"]
    assert {"codec.advised", "codec.applying", "codec.kept"} <= set(actions)
    assert product.ask("/api/v1/codec", cedar) == (200, {"ladders": [], "advice": None})
    status, page = product.ask("/codec", birch)
    assert status == 200
    assert "<polyline" in page
    assert "<style" not in page


def test_without_leave_it_is_only_proposed_and_a_stop_takes_a_trial_back(
    product: Product, state: Path
) -> None:
    product.tenants = {"birch": {"codec": section(state, allow=False)}}
    birch = product.key("birch")
    product.start()
    until(lambda: newest(product, birch).get("state") == "proposed", "a proposal")
    assert "not allowed by birch" in newest(product, birch)["why"]
    assert in_force(state) == (128,)
    product.stop()
    product.tenants = {"birch": {"codec": section(state, settle_s=60, every_h=0.01)}}
    product.write_config()
    product.start()
    until(lambda: 128 not in in_force(state), "the ladder to be changed")
    assert product.stop() == 0
    assert in_force(state) == (128,)
    product.start()
    assert newest(product, birch)["why"] == "stopped before it was judged"
    assert newest(product, birch)["state"] == "reverted"


def newest(product: Product, key: str) -> dict[str, Any]:
    status, told = product.ask("/api/v1/codec", key)
    assert status == 200, told
    found: dict[str, Any] = told["ladders"][0] if told["ladders"] else {}
    return found


def in_force(state: Path) -> tuple[int, ...]:
    return load_plan(state).settings.ladder_kbps


def _ladder(state: Path) -> list[str]:
    return [sys.executable, "-m", "soundstage", "ladder", "--state", str(state)]


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    ends_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < ends_s, f"waited in vain for {what}"
        time.sleep(0.5)
