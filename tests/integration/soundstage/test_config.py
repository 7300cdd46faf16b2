"""What the show writes for the product is a configuration the product accepts."""

import subprocess
from pathlib import Path

import pytest

from soundstage.plan import load_plan, make_plan, save_plan
from soundstage.show import config, watcher
from soundstage.show.ladder import ladder_section


@pytest.mark.parametrize("codec", [False, True])
def test_the_product_accepts_the_configuration_of_the_show(tmp_path: Path, *, codec: bool) -> None:
    plan = make_plan(tmp_path)
    save_plan(plan, tmp_path)
    section = ladder_section(plan, tmp_path) if codec else None
    path = config.write_config(
        plan, tmp_path, port=18080, webhook_url="http://127.0.0.1:1/", codec=section
    )
    assert path.stat().st_mode & 0o077 == 0
    checked = subprocess.run(
        [watcher.find_command(), "check", "-c", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "supervisor" in checked.stdout
    assert ("saved_min_share" in checked.stdout or "codec.ladder" in checked.stdout) is codec


def test_the_targets_stay_empty_until_everything_is_on_air(tmp_path: Path) -> None:
    save_plan(make_plan(tmp_path), tmp_path)
    assert (tmp_path / "targets.json").read_text() == "[]\n"
    assert load_plan(tmp_path).pids == {}
