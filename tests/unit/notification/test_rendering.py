"""What is said is short, plain, and has a number, a time and a zone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.findings import Evidence
from auscult.kernel.incidents import ChangeKind, Incident, Status
from auscult.notification.messages import TITLE_CHARS_MAX, is_plain, render, title
from auscult.notification.messages.plain import web_link
from tests.story import AT_MS, a_change, a_signal, an_incident

MINUTES_19 = 19 * 60_000


def measured(headline: str) -> Incident:
    incident = an_incident(headline=headline)
    evidence = Evidence(sentence="x", now=8.4, usual_low=1.2, usual_high=2.9, unit="%")
    strongest = incident.strongest.model_copy(update={"evidence": evidence})
    return incident.model_copy(update={"strongest": strongest})


def test_the_title_is_the_symptom_and_since_when() -> None:
    assert title(an_incident(), a_change()) == "No data from encode for 6 s since 03:13 UTC"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ChangeKind.WORSENED, "Now critical: No data from encode for 6 s since 03:13 UTC"),
        (ChangeKind.RETURNED, "Back again: No data from encode for 6 s since 03:13 UTC"),
        (ChangeKind.ACKNOWLEDGED, "Taken by Ann: No data from encode for 6 s since 03:13 UTC"),
    ],
)
def test_later_titles_say_what_changed_first(kind: ChangeKind, words: str) -> None:
    assert title(an_incident(), a_change(kind, actor="Ann")) == words


def test_the_end_says_how_long_it_took() -> None:
    over = an_incident(status=Status.RESOLVED, resolved_ms=AT_MS + MINUTES_19)
    change = a_change(ChangeKind.RESOLVED, at_ms=AT_MS + MINUTES_19)
    expected = "Over after 19 min: No data from encode for 6 s, 03:32 UTC"
    assert title(over, change) == expected


@pytest.mark.parametrize("empty", ["Anomaly detected", "service degradation on edge", " ", "🔥!!"])
def test_words_that_say_nothing_give_way_to_the_figures(empty: str) -> None:
    said = title(measured(empty), a_change())
    assert said.startswith("encode (encode-1:9003): up is at 8.4 % (usual: 1.2–2.9 %) since")


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(list(ChangeKind)))
def test_whatever_is_seen_the_title_fits_a_lock_screen(
    headline: str, actor: str, kind: ChangeKind
) -> None:
    said = render(an_incident(headline=headline), a_change(kind, actor=actor))
    assert len(said.title) <= TITLE_CHARS_MAX
    assert said.title.endswith(" UTC")
    assert "\n" not in said.title
    assert "!" not in said.title
    assert is_plain(said.title) or "anomal" in actor.casefold()


def test_the_text_tells_figures_standing_and_the_other_signals() -> None:
    others = [a_signal(f"edge-{n}") for n in range(7)]
    incident = measured("Starts fail").model_copy(
        update={"signals": (a_signal(), *others), "status": Status.ACKNOWLEDGED}
    )
    incident = incident.model_copy(update={"acknowledged_by": "Ann"})
    said = render(incident, a_change(at_ms=AT_MS + MINUTES_19), base_url="https://h/")
    assert said.text.split("\n")[:3] == [
        "Starts fail",
        "Now 8.4 % (usual: 1.2–2.9 %).",
        "critical, open since 03:13 UTC (19 min), taken by Ann.",
    ]
    assert said.text.endswith("And 2 more signals.")
    assert said.link == "https://h/incidents/01J9INCIDENT"
    assert said.timestamp == "2026-11-24T03:32:20.000Z"


@pytest.mark.parametrize(
    "link",
    [
        "http://prometheus:9090/graph?g0.expr=up%7Bjob%3D%22a%22%7D&g0.tab=1",
        "https://user@h.example:8443/x#y",
        "HTTPS://H.EXAMPLE",
        "http://[::1]:9090/graph",
        "http://10.0.0.1?x",
    ],
)
def test_a_link_to_the_web_is_left_as_it_is(link: str) -> None:
    assert web_link(link) == link
