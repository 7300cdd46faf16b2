"""A headline keeps its figures: what does not fit is the address, then the end."""

from auscult.incidents.headlines import HEADLINE_CHARS, headline, leading
from auscult.kernel.words import Severity
from tests.story import a_signal
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


def test_what_is_laid_to_a_place_leads_however_sure_others_are_that_only_hear_it() -> None:
    figure = a_signal("package", peak_score=250.0)
    heard = a_signal("edge", peak_score=300.0, explains=1)
    laid = a_signal("enhance", peak_score=18.0, explains=2)
    assert leading((figure, heard, laid)) is laid
    assert leading((figure, heard)) is heard
    mild = laid.model_copy(update={"severity": Severity.WARNING})
    assert leading((heard, mild)) is heard
