"""What an incident lets hear and see: each sound with its own picture, each curve by its name."""

import re

import pytest
from fastapi import FastAPI

from auscult.kernel.facts import Found
from auscult.kernel.findings import Breakdown, Evidence, Exhibit, Part
from auscult.surface.web.evidence.exhibits import Figure, Piece, pair_up
from tests.unit.surface.client import ask
from tests.unit.surface.fake_engine import START_MS, FakeEngine
from tests.unit.surface.fake_story import a_finding

SIGNALS = ("channel_loss", "silence", "noise")
SOURCE = "the same moment at acme/morning source"


def heard(signal: str) -> Evidence:
    """What a monitor of sound brings: its clip, and the source's, whose title is ever the same."""
    shown: list[Exhibit] = []
    for title in (f"{signal} at acme/morning enhance", SOURCE):
        shown.append(Exhibit.of(title, "audio/flac", f"{signal}: {title}".encode()))
        picture = f"picture of {signal}: {title}".encode()
        shown.append(Exhibit.of(f"{title}, as a picture", "image/png", picture))
    return Evidence(
        sentence=f"acme/morning at enhance: {signal}",
        unit="LUFS",
        plots="loudness",
        now=-24.3,
        usual_low=-18.6,
        usual_high=-14.1,
        at_ms=tuple(START_MS - 5_000 + 1_000 * i for i in range(5)),
        value=(-16.0, -15.0, -16.0, -24.0, -24.3),
        exhibits=tuple(shown),
    )


async def page_of(engine: FakeEngine, app: FastAPI, *evidence: Evidence) -> str:
    """Report findings about one thing, a signal each, and return the page of their incident."""
    incident = None
    for one, signal in zip(evidence, SIGNALS, strict=False):
        finding = a_finding("acme", evidence=one, signal=signal)
        incident = await engine.submit(Found(finding=finding))
    assert incident is not None
    return (await ask(app, f"/incidents/{incident.id}", key="acme-member")).text


async def test_every_sound_has_its_own_picture_player_and_curve(
    engine: FakeEngine, app: FastAPI
) -> None:
    evidence = [heard(signal) for signal in SIGNALS]
    page = await page_of(engine, app, *evidence)
    figures = re.findall(r"<figure>\n(<img.*?)</figure>", page, re.DOTALL)
    expected = [
        (sound.id, picture.id)
        for one in evidence
        for sound, picture in zip(one.exhibits[::2], one.exhibits[1::2], strict=True)
    ]
    found = [tuple(re.findall(r'src="[^"]*/exhibits/(\w+)"', figure)) for figure in figures]
    assert [tuple(reversed(ids)) for ids in found] == expected, "a picture stands above its sound"
    assert page.count('aria-label="loudness before ') == len(SIGNALS)
    assert page.count("<h3>channel loss on edge ") == 1


async def test_the_same_sound_of_two_findings_is_shown_with_both(
    engine: FakeEngine, app: FastAPI
) -> None:
    first, other = heard("silence"), heard("noise")
    other = other.model_copy(update={"exhibits": (*other.exhibits[:2], *first.exhibits[2:])})
    page = await page_of(engine, app, first, other)
    source = first.exhibits[2].id
    assert len(re.findall(f'<audio [^>]*/exhibits/{source}"', page)) == 2


async def test_what_no_finding_names_any_more_is_paired_by_signal_and_time(
    engine: FakeEngine, app: FastAPI
) -> None:
    first = a_finding("acme", evidence=heard("silence"), signal="silence")
    other = a_finding("acme", evidence=heard("noise"), signal="noise", at_ms=START_MS + 1)
    await engine.submit(Found(finding=first))
    incident = await engine.submit(Found(finding=other))
    assert incident is not None
    rows = engine.of(first.tenant)
    kept = rows.exhibits.of(incident.id)
    rows.exhibits.of = lambda _: kept
    rows.found.clear()
    page = (await ask(app, f"/incidents/{incident.id}", key="acme-member")).text
    assert page.count("<img") == page.count("<audio") == page.count("<figure>\n<img") == 4


def test_a_picture_without_a_sound_stands_alone_and_none_is_shown_twice() -> None:
    picture = f"{SOURCE}, as a picture"
    pieces = [
        Piece("p1", picture, "image/png"),
        Piece("s1", SOURCE, "audio/flac"),
        Piece("s2", SOURCE, "audio/flac"),
        Piece("p3", "the way, as a picture", "image/png"),
    ]
    assert list(pair_up(pieces)) == [
        Figure(SOURCE, "s1", "p1"),
        Figure(SOURCE, "s2", ""),
        Figure("the way", "", "p3"),
    ]


async def test_a_curve_goes_by_the_name_of_what_it_shows(engine: FakeEngine, app: FastAPI) -> None:
    page = await page_of(engine, app, heard("channel_loss"))
    assert '<h2 id="evidence-title">loudness <span class="note">in LUFS</span>' in page
    assert '<title id="chart-title">loudness</title>' in page


async def test_a_curve_of_the_signal_itself_goes_by_the_signals_name(
    engine: FakeEngine, app: FastAPI
) -> None:
    page = await page_of(engine, app, heard("channel_loss").model_copy(update={"plots": ""}))
    assert '<title id="chart-title">channel_loss</title>' in page


@pytest.mark.parametrize(
    ("value", "figure", "said"),
    [
        (-0.144, "−0.144 s", "heard there sooner"),
        (-0.004, "−0.004 s", "within the measuring error"),
    ],
)
async def test_a_latency_below_nothing_is_shown_so_that_the_parts_add_up_and_has_no_bar(
    engine: FakeEngine, app: FastAPI, value: float, figure: str, said: str
) -> None:
    parts = (Part(name="to enhance", value=value), Part(name="to edge", value=0.05))
    told = Breakdown(title="Latency by stage", unit="s", parts=parts)
    page = await page_of(engine, app, heard("silence").model_copy(update={"breakdown": told}))
    ours = page[page.index('data-part="breakdown"') :].split("</section>")[0]
    assert ours.count('class="bar"') == 1
    assert 'width="1000"' in ours, "the longest bar is that of the largest latency"
    enhance = ours[: ours.index("to edge")]
    assert figure in enhance
    assert said in enhance
