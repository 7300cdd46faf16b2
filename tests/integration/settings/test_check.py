"""`auscult check`: right files are shown with origins, wrong ones refused with their place."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from auscult.surface.cli import main
from tests.product import BIN

GOOD = """\
defaults:
  detectors: [{use: scorer}]
tenants:
  acme:
    channels:
      ops: {use: webhook, url: "https://ops.example/hook", secret: "env:OPS_SECRET"}
    routes: [{to: [ops], on: [opened, resolved]}]
    runbooks:
      - {name: mend, match: ['seen_by="absence"'], action: {use: http, url: "https://a.example/"}}
"""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

BAD = {
    "store's database": (
        "store: {url: 'mysql://db/auscult'}\ntenants: {acme: {}}",
        r":1:\d+: store\.url: 'mysql'; there are sqlite and postgresql",
    ),
    "store without a file": (
        "store: {url: 'sqlite://'}\ntenants: {acme: {}}",
        r":1:\d+: store\.url: SQLite needs a file",
    ),
    "store that is no URL": (
        "store: {url: 'here'}\ntenants: {acme: {}}",
        r":1:\d+: store\.url is not a URL",
    ),
    "secret missing": (GOOD, r":6:\d+: .*OPS_SECRET"),
    "route key": (
        "tenants: {acme: {channels: {c: {use: console}}, routes: [{too: [c]}]}}",
        r":1:59: .*'too'.*did you mean 'to'",
    ),
    "runbook's action": (
        "tenants: {a: {runbooks: [{name: r, match: ['x=\"y\"'], action: {use: superviser}}]}}",
        r":1:\d+: .*supervisor",
    ),
    "plug key": (
        "tenants: {acme: {sources: [{use: scrape, target: [x]}]}}",
        r":1:42: .*did you mean 'targets'",
    ),
    "matcher": (
        "tenants: {acme: {detectors: [{use: threshold, match: ['{{'], above: 1}]}}",
        r":1:\d+: match",
    ),
    "key twice": ("tenants: {acme: {}}\ntenants: {b: {}}", r":2:1: "),
    "tab": ("tenants:\n\tacme: {}", r":2:1: "),
    "top key": ("tenant: {acme: {}}", r":1:1: .*did you mean 'tenants'"),
}


def check(path: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [BIN / "auscult", "check", "-c", path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
        timeout=60,
    )


def test_a_right_file_is_shown_with_the_origin_of_every_value(tmp_path: Path) -> None:
    path = tmp_path / "auscult.yaml"
    path.write_text(GOOD)
    done = check(path, OPS_SECRET=SECRET, AUTO_REMEDIATION="off")
    assert done.returncode == 0, done.stderr
    shown = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert shown["tenants.acme.detectors[0].use"].endswith(f"# {path}:2:21")
    assert "environment:AUTO_REMEDIATION" in shown["auto_remediation"]
    assert " False " in shown["auto_remediation"]
    assert shown["server.port"].endswith("# default")
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_refused_with_its_place_and_the_right_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    text, told = BAD[name]
    path = tmp_path / "auscult.yaml"
    path.write_text(text)
    monkeypatch.setattr("sys.argv", ["auscult", "check", "-c", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()  # the command itself, without the seconds a process of its own takes
    assert ended.value.code == 2
    said = capfd.readouterr().err
    assert re.search(re.escape(str(path)) + told, said), said


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = check(tmp_path / "none.yaml")
    assert done.returncode == 2
    assert re.fullmatch(r"auscult: .*none\.yaml: cannot be read: .*\n", done.stderr)
