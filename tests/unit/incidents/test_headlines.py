"""A headline keeps its figures: what does not fit is the address, then the end."""

from auscult.incidents.headlines import HEADLINE_CHARS, headline
from tests.unit.incidents.test_lifecycle import START_MS, opened


def said(sentence: str) -> str:
    (signal,) = opened().signals
    return headline((signal.model_copy(update={"sentence": sentence}),), START_MS)


def test_what_fits_is_said_whole() -> None:
    assert said("edge (10.0.0.1:9100): lag 9 s") == "edge (10.0.0.1:9100): lag 9 s since 08:00 UTC"


def test_where_room_is_short_the_address_goes_first() -> None:
    figures = f"{'queue ' * 9}depth 398 (usual: 5.98–41.2), for 3 min"
    assert said(f"edge (10.0.0.1:9100): {figures}") == f"edge: {figures} since 08:00 UTC"


def test_what_is_longer_still_is_cut_at_the_end() -> None:
    cut = said("x" * 300)
    assert len(cut) == HEADLINE_CHARS
    assert cut.endswith("x… since 08:00 UTC")
