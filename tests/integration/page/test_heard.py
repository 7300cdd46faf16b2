"""The incident of an audio fault plays it, beside its source, and shows where the time goes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from auscult.kernel.incidents import Incident
from auscult.kernel.sounds import Heard, Pcm, Stream
from auscult.kernel.words import Subject
from tests.benchmarks.audio_material import RATE_HZ, UNIT_SEEDS, make_track
from tests.integration.page.conftest import NewPage
from tests.integration.page.living import TENANT, Living

SILENT_FROM_S, LENGTH_S = 14, 20
LATE_S = {"ingest": 0.0, "enhance": 0.5, "edge": 2.0}


def silent_after(sound: Pcm) -> Pcm:
    spoilt = sound.copy()
    spoilt[SILENT_FROM_S * RATE_HZ :] = 0
    return spoilt


def arrivals(until_ms: int) -> Iterator[tuple[Stream, Heard]]:
    """A programme at three taps, of which the second hands on silence, as it came until then."""
    sound = make_track("pop", UNIT_SEEDS + 4, LENGTH_S)
    step = RATE_HZ // 2
    for hop, (service, late_s) in enumerate(LATE_S.items()):
        stream = Stream(f"radio at {service}", "radio", Subject(service=service), hop)
        mine = silent_after(sound) if hop else sound
        for begin in range(0, len(mine), step):
            part = mine[begin : begin + step]
            end_s = late_s + (begin + len(part)) / RATE_HZ
            at_ms = until_ms - round(1_000 * (LENGTH_S + max(LATE_S.values()) - end_s))
            yield stream, Heard(part, RATE_HZ, at_ms, size_bytes=1_000, follows=begin > 0)


def find_silence(living: Living) -> Incident:
    """Let the monitors of a running product hear it, and return the incident of it."""
    monitoring = living.engine.monitoring
    until_ms = living.engine.clock.now_ms() + 3_000  # a busy machine looks late

    async def hear() -> None:
        for stream, heard in sorted(arrivals(until_ms), key=lambda one: one[1].arrived_ms):
            monitoring.hear(TENANT, stream, heard)

    async def look() -> None:
        living.engine.events.report(await monitoring.look(TENANT))

    living.do(hear())
    for _ in range(3):  # each look takes a part of what waits
        living.do(look())
    living.do(living.engine.events.courier.drained(timeout_s=10))
    (incident,) = living.do(living.engine.read(lambda work: work.of(TENANT).incidents.recent(10)))
    return incident


def is_loaded(page: Page, selector: str) -> bool:
    script = "all => all.every(one => one.complete && one.naturalWidth > 0)"
    return bool(page.locator(selector).evaluate_all(script))


def test_a_fault_is_played_and_seen_beside_its_source(
    living: Living, new_page: NewPage, tmp_path: Path
) -> None:
    incident = find_silence(living)
    assert incident.headline.startswith("radio at enhance (right at ingest): silent")
    page = new_page(height=2_000)
    page.goto(f"/incidents/{incident.id}")
    expect(page.locator("h1")).to_contain_text("radio at enhance")
    players = page.locator(".exhibits audio")
    expect(players).to_have_count(2)
    for number, title in enumerate(("silence at radio at enhance", "the same moment at radio")):
        expect(players.nth(number)).to_have_attribute("aria-label", re.compile(title))
        length_s = players.nth(number).evaluate(
            "a => new Promise((ok, no) => { a.onloadedmetadata = () => ok(a.duration);"
            " a.onerror = () => no(a.error.message); a.load(); })"
        )
        assert length_s == pytest.approx(2.0, abs=0.05), "it can be played"
    page.locator(".exhibits img").last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.images].every(one => one.complete)")
    expect(page.locator(".exhibits img")).to_have_count(2)
    expect(page.locator(".exhibits figure:has(img):has(audio)")).to_have_count(2)
    assert is_loaded(page, ".exhibits img")
    expect(page.locator("#evidence-title")).to_contain_text("loudness in LUFS")
    expect(page.locator(".chart .line")).to_have_count(1)
    rows = [re.compile(r"to enhance\s*0\.5\d* s"), re.compile(r"to edge\s*1\.\d+ s")]
    expect(page.locator(".breakdown tbody tr")).to_have_text(rows)
    shot = tmp_path / "heard.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 50_000, "spectrograms are no plain surfaces"
