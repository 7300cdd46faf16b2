"""The command line: quick, clear about mistakes, and honest about what it did."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auscult.surface.cli import main

HEAVY = ("numpy", "scipy", "sklearn", "sqlalchemy", "fastapi", "starlette", "uvicorn", "aiohttp",
         "jinja2", "cryptography", "pydantic", "rich", "alembic")  # fmt: skip


Auscult = Callable[..., "Done"]


@dataclass(frozen=True)
class Done:
    returncode: int | str | None
    stdout: str
    stderr: str


@pytest.fixture
def auscult(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Auscult:
    """Run the command line as its script does, in this process."""

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["auscult", *arguments])
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        return Done(code or 0, said.out, said.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "auscult.yaml"
    file.write_text(
        f"""
store: {{url: "sqlite:///{tmp_path}/auscult.db"}}
data_dir: {tmp_path}/var
tenants:
  acme:
    channels:
      console: {{use: console}}
    routes:
      - {{to: [console]}}
    detectors:
      - use: threshold
        name: too_high
        match: ['__name__=~".+"']
        above: 50
        for_s: 2
        severity: critical
"""
    )
    return file


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; sys.argv = ['auscult', '--help']\n"
        "from auscult.surface.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "Usage: auscult" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_unknown_commands(auscult: Auscult) -> None:
    assert auscult("--version").stdout == "auscult 0.1.0\n"
    wrong = auscult("rnu")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr


def test_check_prints_what_is_in_force_with_its_origin(config: Path, auscult: Auscult) -> None:
    done = auscult("check", "-c", str(config))
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("tenants.acme")]
    assert any("above" in line and f"{config}:14:" in line for line in lines)
    assert any(line.endswith("# default") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("tenants: {acme: {sauces: []}}", ":1:"),
        ("tenants: {acme: {sources: [{use: scrap}]}}", "scrape"),
        ("server: {port: high}", ":1:"),
        ("tenants: {acme: {channels: {ops: {use: webhook, url: 7}}}}", ":1:"),
        ("tenants: {acme: {routes: [{to: [nobody]}]}}", "nobody"),
        ("{", "not YAML"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_place(
    tmp_path: Path, wrong: str, told: str, auscult: Auscult
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(wrong)
    done = auscult("check", "-c", str(file))
    assert done.returncode == 2
    assert re.search(rf"{re.escape(str(file))}:\d+:\d+: ", done.stderr)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_list_names_the_plugs_without_loading_them() -> None:
    program = (
        "import sys; sys.argv = ['auscult', 'list']\n"
        "from auscult.surface.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in sys.modules if '.channels.' in name or name == 'scipy'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    for name in ("sources", "scrape", "threshold", "webhook", "supervisor"):
        assert name in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_gives_the_schema_of_each_plug(auscult: Auscult) -> None:
    shown = json.loads(auscult("list", "detectors", "--json").stdout)
    assert "for_s" in shown["detectors"]["threshold"]["properties"]
    wrong = auscult("list", "detector")
    assert wrong.returncode == 2
    assert "detectors" in wrong.stderr


def write_series(file: Path, header: str, odd_from: int = 180) -> None:
    rows = [
        f"2026-01-01 00:{i // 60:02d}:{i % 60:02d},{10 + i % 3 + (60 if i >= odd_from else 0)},0"
        for i in range(200)
    ]
    file.write_text("\n".join([header, *rows]) + "\n")


@pytest.mark.parametrize("header", ["timestamp,value,other", "TimeStamp,Value,Label"])
def test_scoring_a_file_writes_one_row_for_each(
    tmp_path: Path, header: str, auscult: Auscult
) -> None:
    write_series(tmp_path / "in.csv", header)
    done = auscult("score", "series", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["timestamp", "value", "score", "alert"]
    assert len(rows) == 200
    assert rows[0]["timestamp"] == "2026-01-01 00:00:00"
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    assert any(row["alert"] == "1" for row in rows[180:])
    assert not any(row["alert"] == "1" for row in rows[:180])


def test_a_file_that_cannot_be_scored_says_which_line(tmp_path: Path, auscult: Auscult) -> None:
    (tmp_path / "bad.csv").write_text("timestamp,value\n2026-01-01,1\nnever,2\n")
    bad = auscult("score", "series", str(tmp_path / "bad.csv"), "--out", str(tmp_path / "o.csv"))
    assert bad.returncode == 1
    assert "bad.csv" in bad.stderr
    assert "3" in bad.stderr
    assert not (tmp_path / "o.csv").exists()
    gone = auscult("score", "series", str(tmp_path / "no.csv"), "--out", str(tmp_path / "o.csv"))
    assert gone.returncode == 2
    assert "No such file" in gone.stderr
    assert "Traceback" not in bad.stderr + gone.stderr


@pytest.mark.parametrize("text", ["", "a,b\n", "timestamp,value\n\n"])
def test_a_file_without_rows_is_an_error(tmp_path: Path, text: str, auscult: Auscult) -> None:
    (tmp_path / "in.csv").write_text(text)
    done = auscult("score", "series", str(tmp_path / "in.csv"), "--out", str(tmp_path / "o.csv"))
    assert done.returncode == 1
    assert "in.csv: it holds no row of a time and a value" in done.stderr
    assert not (tmp_path / "o.csv").exists()


def test_a_probe_without_a_key_says_so_at_once(
    config: Path, monkeypatch: pytest.MonkeyPatch, auscult: Auscult
) -> None:
    monkeypatch.delenv("AUSCULT_KEY", raising=False)
    done = auscult("probe", "-c", str(config), "--to", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "AUSCULT_KEY is not set" in done.stderr


def test_replay_tells_what_the_tenants_rules_would_have_found(
    tmp_path: Path, config: Path, auscult: Auscult
) -> None:
    write_series(tmp_path / "in.csv", "timestamp,value,other")
    done = auscult("replay", str(tmp_path / "in.csv"), "-c", str(config))
    assert done.returncode == 0, done.stderr
    assert any("critical" in line and "threshold" in line for line in done.stdout.splitlines())
    quiet = tmp_path / "quiet.csv"
    write_series(quiet, "timestamp,value,other", odd_from=999)
    done = auscult("replay", str(quiet), "-c", str(config), "--label", "service=edge")
    assert done.stdout == "200 values replayed, 0 findings\n"
    assert auscult("replay", str(quiet), "-c", str(config), "--tenant", "x").returncode == 2
    assert auscult("replay", str(quiet), "-c", str(config), "--label", "x").returncode == 2


def test_a_key_is_made_shown_once_and_audited(config: Path, auscult: Auscult) -> None:
    made = auscult("tenant", "add", "acme", "-c", str(config), "--print-key", "--role", "writer")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("ak_")
    assert made.stdout.count("\n") == 1
    database = config.parent / "auscult.db"
    assert made.stdout.strip().encode() not in database.read_bytes()
    proof = auscult("audit", "verify", "-c", str(config))
    assert re.fullmatch(r"acme: 1 rows, the chain holds, head 1:[0-9a-f]{64}\n", proof.stdout), (
        proof
    )
    assert auscult("tenant", "add", "nobody", "-c", str(config)).returncode == 2
    assert auscult("tenant", "add", "acme", "-c", str(config), "--role", "king").returncode == 2


def test_a_changed_audit_row_is_named(config: Path, auscult: Auscult) -> None:
    import sqlite3

    auscult("tenant", "add", "acme", "-c", str(config))
    with sqlite3.connect(config.parent / "auscult.db") as database:
        for (name,) in database.execute(
            "select name from sqlite_master where type='trigger'"
        ).fetchall():
            database.execute(f'drop trigger "{name}"')
        database.execute("update audit set actor = 'somebody else'")
    proof = auscult("audit", "verify", "-c", str(config))
    assert proof.returncode == 1
    assert "acme: row 1 was changed" in proof.stderr
