"""The moment at which the polarity of one channel turns, in sound of any width."""

import numpy as np
from numpy.typing import NDArray

APART = 2
"""Frames of 21 to 64 ms between those that are compared: it may turn within the one between."""

TURNED = -0.4
"""Programmes whose channels change together stay above −0.3."""

FAINT = 1e-9


class Turning:
    """Finds where the phases between left and right all jump by half a turn.

    However wide a programme is, each of its tones keeps its phase between the channels while it
    lasts, and of the next tones some are the same; when one channel is turned, all of them jump.
    """

    def __init__(self) -> None:
        self._past: NDArray[np.complex64] | None = None

    def forget(self) -> None:
        """Take what comes next as a beginning."""
        self._past = None

    def find(self, cross: NDArray[np.complex64]) -> float:
        """Return how surely it turned an odd number of times in this block: 0, or 0.4 to 1.

        cross: L·R* per frame and line of the block, (frames, lines).
        """
        past, self._past = self._past, cross[-APART:]
        if past is None or past.shape[1] != cross.shape[1]:
            return 0.0
        fits = fit_phases(np.concatenate([past, cross]))
        turned = fits < TURNED
        # A turn between two frames shows in two pairs that follow each other: it is one.
        begins = turned & ~np.concatenate([[False], turned[:-1]])
        return float(-fits.min()) if begins.sum() % 2 else 0.0


def fit_phases(cross: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Return for each pair of frames two apart how far the phases agree: −1 (turned) to 1.

    Each line weighs with the fourth root of both powers, so that no single tone decides; 0 where
    nothing is heard.
    """
    now, then = cross[APART:], cross[:-APART]
    product = now * then.conj()
    size = np.abs(product)
    # |product|^¼ · cos of its angle; where one of them is silent, no weight.
    weight = np.sqrt(np.sqrt(size))
    heard = (np.abs(now) > FAINT) & (np.abs(then) > FAINT)
    cosine = product.real / np.maximum(size, 1e-30)
    weight = np.where(heard, weight, 0.0)
    total = weight.sum(axis=1)
    return np.asarray((weight * cosine).sum(axis=1) / np.maximum(total, 1e-12), dtype=np.float64)
