"""Whatever numbers come in, in whatever order, the scorer stays finite and keeps series apart."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auscult.detection.scoring.columns import BLOCK, Columns
from auscult.detection.scoring.measure import usual_band
from auscult.detection.scoring.scorer import Scorer
from auscult.detection.scoring.seasons import Seasons

SERIES = 4
Samples = list[tuple[int, int, float]]

samples = st.lists(
    st.tuples(
        st.integers(0, SERIES - 1),
        st.integers(0, 100_000_000),
        st.floats(allow_nan=True, allow_infinity=True, width=64),
    ),
    max_size=60,
)


def run(batches: list[Samples]) -> tuple[Columns, Seasons]:
    columns, seasons = Columns(SERIES), Seasons()
    scorer = Scorer(columns, seasons)
    for batch in batches:
        slots = np.array([slot for slot, _, _ in batch], dtype=np.int32)
        at_ms = np.array([at for _, at, _ in batch], dtype=np.int64)
        with np.errstate(all="raise", under="ignore"):
            scorer.update(slots, at_ms, np.array([value for _, _, value in batch], dtype=float))
        seasons.begin(columns, SERIES)
    return columns, seasons


@settings(max_examples=30)
@given(st.lists(samples, max_size=3))
def test_the_state_stays_finite(batches: list[Samples]) -> None:
    columns, seasons = run(batches)
    for name in BLOCK:
        column: NDArray[np.float32] = getattr(columns, name)
        assert not np.isnan(column).any(), name
        assert name == "quantum" or np.isfinite(column).all(), name
    assert (columns.evidence >= 0).all()
    assert (columns.above >= 0).all()
    assert (columns.below >= 0).all()
    level, low, high = usual_band(columns, seasons, np.arange(SERIES))
    assert (low <= level).all()
    assert (level <= high).all()


@settings(max_examples=30)
@given(samples, st.integers(0, SERIES - 1))
def test_no_series_changes_another(batch: Samples, alone: int) -> None:
    together, _ = run([batch])
    apart, _ = run([[sample for sample in batch if sample[0] == alone]])
    for name in BLOCK:
        assert getattr(together, name)[alone] == getattr(apart, name)[alone], name


@settings(max_examples=30)
@given(samples, st.data())
def test_the_cut_into_batches_changes_nothing(batch: Samples, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(batch)))
    whole, _ = run([batch])
    parts, _ = run([batch[:cut], batch[cut:]])
    for name in BLOCK:
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name), err_msg=name)


def test_a_young_series_does_not_begin_anew_for_the_evidence_against_another() -> None:
    """Of the pass before, in its place among the rows: of another series, perhaps a stranger's."""
    passes: list[Samples] = [
        [(0, 0, 0.0), (1, 0, 1.0), (2, 0, 1.0)],
        [(0, 0, 0.0), (2, 4_715_104, 0.0)],
        [(0, 0, 0.0), (2, 4_715_104, 13.0)],
        [(0, 0, 0.0), (1, 0, 0.0)],
    ]
    columns, _ = run(passes)
    assert columns.evidence[2] >= 4, "otherwise there is nothing to be taken for its own"
    assert columns.below[1] == 1
