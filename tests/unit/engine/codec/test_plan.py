"""A change is made by the operator's commands, where the tenants allow it, and undone for sure."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from auscult.engine.codec.advising import place_stretches
from auscult.engine.codec.applying import is_restored
from auscult.engine.codec.audience import assume_audience, parse_audience, read_audience
from auscult.engine.codec.papers import read_paper
from auscult.engine.codec.plan import fill_command, read_plan
from auscult.kernel.errors import BodyMalformed, InputError, SettingError
from auscult.performance.codec import Rung
from auscult.performance.codec.verdict import Sounding

PLAN = """
allow: [acme]
apply: [platform, ladder, "{rates}"]
revert: [platform, ladder, "96"]
streams:
  - {tenant: acme, name: a, url: "http://127.0.0.1/a.m3u8", source: "http://127.0.0.1/a.wav"}
"""
OPUS = (Rung("opus", 96), Rung("opus", 48))


def test_a_plan_is_read_and_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    plan = read_plan(path)
    plan.check_allowed()
    assert fill_command(plan.apply, OPUS) == ["platform", "ladder", "96,48"]
    path.write_text(PLAN.replace("allow: [acme]", "allow: []"))
    with pytest.raises(SettingError, match="not allowed by acme"):
        read_plan(path).check_allowed()
    for wrong in (PLAN + "aply: [x]\n", "streams: [", "- 1\n"):
        path.write_text(wrong)
        with pytest.raises(SettingError, match=r"plan\.yaml"):
            read_plan(path)


def test_a_place_is_filled_only_with_what_it_can_say() -> None:
    mixed = (Rung("opus", 96), Rung("aac", 64))
    assert fill_command(["x={rungs}"], mixed) == ["x=opus:96,aac:64"]
    with pytest.raises(SettingError, match="aac, opus"):
        fill_command(["{rates}"], mixed)
    with pytest.raises(SettingError, match="speed"):
        fill_command(["{speed}"], OPUS)


def test_an_audience_is_read_from_a_file_or_figures(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("who,throughput_kbps\na,64\nb,2000.5\n")
    assert read_audience(path).tolist() == [64, 2000.5]
    path.write_text("64\n128\n")
    assert read_audience(path).tolist() == [64, 128]
    for wrong in ("who,rate\na,1\n", "throughput_kbps\nfast\n", "throughput_kbps\n-1\n", ""):
        path.write_text(wrong)
        with pytest.raises(BodyMalformed):
            read_audience(path)
    with pytest.raises(InputError):
        read_audience(tmp_path / "none.csv")
    with pytest.raises(BodyMalformed):
        parse_audience("64,inf")
    assert float(np.mean(assume_audience() < 100)) == pytest.approx(0.01, abs=0.005)


def test_stretches_lie_apart_and_inside_the_file() -> None:
    for duration_s in (3.0, 8.0, 20.0, 60.0, 36_000.0):
        begins = place_stretches(duration_s, stretch_s=8, stretches=3)
        assert begins == sorted(begins)
        assert begins[0] >= 0
        assert all(later - sooner >= 8 for sooner, later in pairwise(begins))
        assert duration_s < 8 or begins[-1] + 8 <= duration_s
    assert place_stretches(0, stretch_s=8, stretches=3) == [0]


def test_what_is_no_advice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "advice.json"
    for wrong in ("{", "[]", json.dumps({"form": 1, "measure": "bands"}), '{"form": 9}'):
        path.write_text(wrong)
        with pytest.raises(BodyMalformed, match="no codec advice"):
            read_paper(path)
    with pytest.raises(InputError):
        read_paper(tmp_path / "none.json")


def test_a_stream_is_restored_when_its_rates_are_back() -> None:
    before = [Sounding("a", 96, None), Sounding("a", 48, None)]
    assert is_restored(before, [Sounding("a", 50, None), Sounding("a", 93, None)])
    assert not is_restored(before, [Sounding("a", 96, None)])
    assert not is_restored(before, [Sounding("a", 96, None), Sounding("a", 12, None)])
    music = [Sounding("a", 130, None), Sounding("a", 62, None)]
    assert is_restored(before, music), "what is played now takes more than what was"
    tried = [Sounding("a", 64, None), Sounding("a", 32, None)]
    assert is_restored(before, music, tried=tried)
    assert not is_restored(before, [Sounding("a", 70, None), Sounding("a", 31, None)], tried=tried)
