"""A ladder is applied to a living platform, heard there, and kept or taken back."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from soundstage.audio.codec import EFFORT
from soundstage.plan import Plan, load_plan
from tests.integration.codec.steady import write_programme
from tests.integration.soundstage.platform import clear, processes_of, run

AUSCULT = [sys.executable, "-m", "auscult", "codec"]
STAGE = [sys.executable, "-m", "soundstage"]
PROGRAMME = "birch/talk"
BEFORE = "128,24"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stage")
    sound = write_programme(folder / "sound")
    words = ["--audio", str(sound), "--listeners", "1"]
    started = run("up", "--state", str(folder), *words, "--ladder", BEFORE)
    try:
        assert started.returncode == 0, started.stderr
        yield folder
        run("down", "--state", str(folder))
        assert not processes_of(folder)
    finally:
        clear(folder)


@pytest.fixture(scope="module")
def advice(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is advised for a recording of the very programme, as it goes into the encoder."""
    folder = tmp_path_factory.mktemp("advice")
    recording, paper = folder / "talk.wav", folder / "advice.json"
    with urllib.request.urlopen(f"{_source(load_plan(state))}?seconds=20", timeout=60) as answer:
        recording.write_bytes(answer.read())
    words = ["--codecs", "opus", "--seconds", "7", "--steps", "2", "--worst-item", "4.7"]
    words += [
        "--opus-complexity",
        str(EFFORT),
        "--throughput-kbps",
        "50,2000,2000",
        "--json",
        str(paper),
    ]
    ended = _run([*AUSCULT, "advise", str(recording), *words])
    assert ended.returncode == 0, ended.stderr
    return paper


def test_a_ladder_as_good_as_promised_is_kept_and_noted(
    state: Path, advice: Path, tmp_path: Path
) -> None:
    advised = [one["nominal_kbps"] for one in json.loads(advice.read_text())["ladder"]]
    assert 128 > advised[0] >= 48
    config = tmp_path / "auscult.yaml"
    config.write_text(
        f"data_dir: {tmp_path / 'data'}\ntenants: {{birch: {{}}}}\n"
        f"store: {{url: sqlite:///{tmp_path}/auscult.db}}\n"
    )
    plan = _write_plan(state, tmp_path, apply="{rates}")
    ended = _run([*AUSCULT, "apply", str(advice), "--plan", str(plan), "--config", str(config)])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "kept: " in ended.stdout
    assert "fewer bytes" in ended.stdout
    assert list(load_plan(state).settings.ladder_kbps) == advised
    proved = _run([sys.executable, "-m", "auscult", "audit", "verify", "-c", str(config)])
    assert proved.returncode == 0, proved.stderr
    assert "2 rows" in proved.stdout
    assert _run([*STAGE, "ladder", BEFORE, "--state", str(state)]).returncode == 0


def test_a_ladder_too_poor_is_taken_back(state: Path, advice: Path, tmp_path: Path) -> None:
    # What the operator's command really sets is not what was advised: 16 instead of the best.
    plan = _write_plan(state, tmp_path, apply="16,12")
    ended = _run([*AUSCULT, "apply", str(advice), "--plan", str(plan)])
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "reverted: " in ended.stdout
    assert "was promised" in ended.stdout
    assert load_plan(state).settings.ladder_kbps == (128, 24)


def test_a_command_that_fails_is_reverted_and_a_tenant_that_does_not_allow_it_is_left_alone(
    state: Path, advice: Path, tmp_path: Path
) -> None:
    plan = _write_plan(state, tmp_path, apply="loud")
    ended = _run([*AUSCULT, "apply", str(advice), "--plan", str(plan)])
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "ladder 'loud'" in ended.stdout
    plan.write_text(plan.read_text().replace('"allow": ["birch"]', '"allow": []'))
    barred = _run([*AUSCULT, "apply", str(advice), "--plan", str(plan)])
    assert barred.returncode == 2
    assert "not allowed by birch" in barred.stderr
    assert load_plan(state).settings.ladder_kbps == (128, 24)


def _write_plan(state: Path, folder: Path, *, apply: str) -> Path:
    stage = load_plan(state)
    command = [*STAGE, "ladder", "--state", str(state)]
    stream = {
        "tenant": "birch",
        "name": PROGRAMME,
        "url": f"{stage.process('edge').url}/live/{PROGRAMME}/master.m3u8",
        "source": _source(stage),
    }
    path = folder / "plan.yaml"
    path.write_text(  # JSON is YAML
        json.dumps(
            {
                "allow": ["birch"],
                "apply": [*command, apply],
                "revert": [*command, BEFORE],
                "streams": [stream],
                "settle_s": 6,
                "listen_s": 6,
            }
        )
    )
    return path


def _source(stage: Plan) -> str:
    return f"{stage.process('enhance').url}/tap/{PROGRAMME}.wav"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
