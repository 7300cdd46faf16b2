"""What people are told, shown before anybody is: on the page and on the command line."""

from pathlib import Path

from fastapi import FastAPI

from auscult.kernel.facts import Found
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import FakeEngine
from tests.unit.surface.fake_story import a_finding
from tests.unit.surface.test_cli import Auscult, auscult

__all__ = ["auscult"]

CONFIG = """
store: {{url: "sqlite:///{folder}/a.db"}}
data_dir: {folder}/var
tenants:
  acme:
    channels: {{chat: {{use: console}}, phone: {{use: console}}}}
    templates:
      title: "[{{{{ severity }}}}] {{{{ headline }}}}"
      channels: {{phone: {{text: "{{{{ link }}}}"}}}}
  bolt: {{}}
"""


async def test_the_page_shows_a_sample_in_the_tenants_words(app: FastAPI) -> None:
    page = await ask(app, "/messages", key="acme-member")
    assert page.status == 200
    assert "By acme: packager: audio is late by 4.2 s" in page.text
    for title in ("When it opens", "When it is taken", "When it ends"):
        assert title in page.text
    assert (await ask(app, "/messages?of=x", key="acme-member")).status == 400


async def test_the_page_shows_a_real_incident_to_its_own_tenant_only(
    engine: FakeEngine, app: FastAPI
) -> None:
    incident = await engine.submit(Found(finding=a_finding("acme", "ours <b>")))
    assert incident is not None
    path = f"/messages?incident={incident.id}"
    page = await ask(app, path, key="acme-member")
    assert "ours &lt;b&gt;" in page.text
    assert f'href="/incidents/{incident.id}"' in page.text
    stranger = await ask(app, path, key="bolt-member")
    assert stranger.status == 404
    assert "ours" not in stranger.text


def test_the_command_prints_each_channel_at_each_step(auscult: Auscult, tmp_path: Path) -> None:
    file = tmp_path / "auscult.yaml"
    file.write_text(CONFIG.format(folder=tmp_path))
    done = auscult("preview", "-c", str(file))
    assert done.returncode == 0
    heads = [line for line in done.stdout.split("\n") if line.startswith("── ")]
    assert heads == [
        f"── {channel}, {kind} (by your template)"
        for channel in ("chat", "phone")
        for kind in ("opened", "acknowledged", "resolved")
    ]
    assert done.stdout.count("[critical] packager: audio is late by 4.2 s\n") == 6
    one = auscult("preview", "-c", str(file), "--channel", "phone")
    assert one.stdout.count("── phone") == 3
    assert "── chat" not in one.stdout


def test_the_command_says_what_there_is_not(auscult: Auscult, tmp_path: Path) -> None:
    file = tmp_path / "auscult.yaml"
    file.write_text(CONFIG.format(folder=tmp_path))
    for wrong, said in (
        (("--channel", "fax"), "no channel 'fax'; configured are chat, phone"),
        (("--tenant", "nobody"), "no tenant 'nobody'"),
        (("--tenant", "bolt"), "tenant 'bolt' has no channel to be told anything"),
    ):
        done = auscult("preview", "-c", str(file), *wrong)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    assert auscult("tenant", "add", "acme", "-c", str(file)).returncode == 0  # makes the store
    done = auscult("preview", "-c", str(file), "--incident", "01NOTHERE")
    assert done.returncode == 1
    assert "incident '01NOTHERE' of tenant 'acme'" in done.stderr
