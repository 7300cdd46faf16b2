"""`auscult codec advise` on real files: sound ones are judged, others named, nothing stays."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from auscult.engine.codec.papers import read_paper
from tests.benchmarks.codec_ladder import make_items

COMMAND = [sys.executable, "-m", "auscult", "codec", "advise"]
QUICK = ["--codecs", "opus", "--stretches", "1", "--seconds", "2", "--own"]
RATE_HZ = 48_000

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    for number, (_, samples) in zip(range(2), make_items(5), strict=False):
        _write(folder / f"title{number}.wav", samples[: 3 * RATE_HZ])
    _write(folder / "mono.wav", samples[: 3 * RATE_HZ, :1])
    _write(folder / "eight.wav", np.repeat(samples[:RATE_HZ], 4, axis=1))
    _write(folder / "silent.wav", np.zeros((3 * RATE_HZ, 2), np.float32))
    whole = (folder / "title0.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 10])
    (folder / "text.mp3").write_text("no sound at all")
    return folder


def test_what_can_be_judged_is_and_what_cannot_is_named(catalogue: Path, tmp_path: Path) -> None:
    paper, drawing = tmp_path / "out.json", tmp_path / "out.svg"
    files = sorted(map(str, catalogue.iterdir()))
    ended = _advise(*files, *QUICK, "--json", str(paper), "--svg", str(drawing))
    assert ended.returncode == 1, ended.stderr
    said = json.loads(paper.read_text())
    assert {one["title"] for one in said["titles"]} == {"title0.wav", "title1.wav", "mono.wav"}
    assert set(said["missing"]) == {"eight.wav", "silent.wav", "cut.wav", "text.mp3"}
    assert "8 channels" in said["missing"]["eight.wav"]
    assert "silent" in said["missing"]["silent.wav"]
    assert "at least 1 s" in said["missing"]["cut.wav"]
    assert "no audio known here" in said["missing"]["text.mp3"]
    assert all(one["score"] >= said["needed_score"] for one in said["titles"])
    assert all(one["real_kbps"] <= one["fixed_real_kbps"] for one in said["titles"])
    assert "missing: text.mp3" in ended.stdout
    ET.fromstring(drawing.read_text())
    assert read_paper(paper).rungs[0].codec == "opus"
    assert not _workers_of(paper.parent)


@pytest.mark.alone
def test_a_killed_worker_costs_nothing_and_ctrl_c_leaves_nothing(catalogue: Path) -> None:
    titles = map(str, sorted(catalogue.glob("title*.wav")))
    command = [*COMMAND, *titles, "--workers", "2"]  # whole, so that it goes on for a while
    quick = [*command, *QUICK]
    with subprocess.Popen(quick, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        _kill(_await_workers(running)[0])
        out, _ = running.communicate(timeout=200)
        assert running.returncode == 0
        assert b"title1.wav" in out
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        workers = _await_workers(running)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
        assert running.returncode == 130
        assert b"no worker is left" in err
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        workers += _await_workers(running)
        running.kill()
        running.wait(timeout=20)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def _advise(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=250, check=False
    )


def _await_workers(parent: subprocess.Popen[bytes]) -> list[int]:
    """Wait until both workers are there, and well at work."""
    deadline = time.monotonic() + 60
    while len(found := _workers_of(parent.pid)) < 2:
        assert time.monotonic() < deadline, "no workers came"
        time.sleep(0.05)
    time.sleep(0.5)
    return found


def _workers_of(parent: object) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"auscult.engine.jobs.worker" in words and str(parent).encode() in words:
            found.append(int(entry.name))
    return found


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((samples * 32_000).astype("<i2").tobytes())
