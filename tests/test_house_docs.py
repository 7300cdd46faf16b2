"""The documents say what is so: rows, errors, links, commands, pins; none names one machine."""

import re
import tomllib
from pathlib import Path

import pytest

from auscult.kernel import errors
from auscult.runtime.settings import load_settings
from scripts.write_errors import PAGE, render_page, walk
from tests.house.source import ROOT, list_files

ROWS = [f"S{number:02}" for number in range(1, 47)]
STATES = "works|first form|planned"
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"\bmake ([a-z]+)\b")
SETS = ("base", "run", "full", "test")

# Written so that this file does not refuse itself.
PLACE = re.compile(r"(?<![\w.*}])/(?:work|root|home|Users|opt)/(?=\w)")
ADDRESS = re.compile(r"registry[.]npmjs|pypi[.]org/simple|files[.]pythonhosted")
LOCKED_ADDRESS = re.compile(r'"resolved": "(?:http|file)')
NOT_TEXT = {".png", ".ico", ".opus", ".ogg", ".wav", ".bin", ".snappy", ".gz", ".npz", ".parquet"}


def _text(path: str) -> str:
    return (ROOT / path).read_text(errors="replace")


def _written(suffix: str = "") -> list[str]:
    files = [path for path in list_files() if not path.endswith(tuple(NOT_TEXT))]
    return [path for path in files if path.endswith(suffix)]


@pytest.mark.parametrize("path", _written())
def test_a_file_names_no_place_of_one_machine(path: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for number, line in enumerate(_text(path).splitlines(), start=1)
        for word in (PLACE, ADDRESS, LOCKED_ADDRESS)
        if word.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", _written(".md"))
def test_a_link_leads_somewhere(path: str) -> None:
    folder = (ROOT / path).parent
    for link in LINK.findall(_text(path)):
        assert link.startswith(("http:", "https:")) or (folder / link).exists(), link


@pytest.mark.parametrize("path", [*_written(".md"), ".ci/run"])
def test_a_named_command_is_a_target(path: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))
    code = "\n".join(
        re.findall(r"`[^`]*`|```.*?```|^make .*$", _text(path), re.DOTALL | re.MULTILINE)
    )
    assert set(TARGET.findall(code)) <= targets


def test_the_specification_has_every_row_with_a_state() -> None:
    page = _text("docs/specification.md")
    table = re.findall(rf"^\| (S\d\d) \|.*\| ({STATES}) \|$", page, re.MULTILINE)
    assert [row for row, _ in table] == ROWS
    lacking = re.findall(r"^\| (S\d\d) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)
    assert lacking == [row for row, state in table if state == "first form"]


def test_every_error_has_its_own_code_and_a_sentence() -> None:
    kinds = list(walk(errors.AuscultError))
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert (kind.__doc__ or "").split("\n")[0].endswith("."), kind
        assert kind.__name__ in (errors.__doc__ or ""), f"{kind.__name__} is missing in the tree"


def test_the_page_of_errors_is_that_of_the_code() -> None:
    assert PAGE.read_text() == render_page(), "run .venv/bin/python scripts/write_errors.py"


@pytest.mark.parametrize("name", SETS)
def test_every_direct_dependency_is_pinned_by_hash(name: str) -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    direct = {re.split(r"[\[<>=~; ]", one)[0].lower() for one in project["dependencies"]}
    pins = re.findall(
        r"^([a-z0-9-]+)==[^\n]*\\\n    --hash=", _text(f"requirements/{name}.txt"), re.MULTILINE
    )
    assert direct <= set(pins), "run scripts/pin.sh"


def test_the_settings_of_the_readme_are_taken(tmp_path: Path) -> None:
    examples = re.findall(r"^```yaml\n(.*?)```", _text("README.md"), re.DOTALL | re.MULTILINE)
    file = tmp_path / "my.yaml"
    file.write_text(next(one for one in examples if "tenants:" in one))
    assert load_settings(file, {"SLACK_WEBHOOK_URL": "http://127.0.0.1/hook"}).tenants


def test_the_changelog_has_the_present_version() -> None:
    version = tomllib.loads(_text("pyproject.toml"))["project"]["version"]
    assert f"## {version} " in _text("CHANGELOG.md")
