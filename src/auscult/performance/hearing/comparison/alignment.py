"""Where in the reference the stream is now: found by correlation, then followed.

The delay is the number of frames by which the stream lags behind the reference on their own
counts: stream frame n is reference frame n − delay. Coarse: normalised cross-correlation of one
second at a few kilohertz against everything held (Lewis, "Fast normalized cross-correlation",
1995). Fine: the same of every 100 ms at the full rate within ±5 ms, channel by channel, the
magnitudes added, so that neither a lost nor a turned channel hides the place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import irfft, next_fast_len, rfft

from auscult.performance.hearing.figures.blocks import HOPS, Floats, Grid, Singles

COARSE_HZ = 6_000
FOUND, CLEARER = 0.5, 0.03
NEAR_S = 2.5
FINE_MS = 5.0
AS_GOOD = 0.03
TINY = 1e-9
LEAST_POWER = 1e-6
"""−60 dB: what is fainter has no place of its own."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well each 100 ms of a block fits at the followed delay.

    off: frames by which the place is off the followed delay, shape (5,). quality: normalised
    correlation there, 0..1; nan where either is too quiet. signs: sign of each channel's own
    correlation, (channels, 5), 0 where it does not fit by itself.
    """

    off: Floats
    quality: Floats
    signs: Floats


class Reference:
    """The last stretch of the reference at the stream's rate, by its own frame numbers."""

    def __init__(self, grid: Grid, held_s: float) -> None:
        self.grid = grid
        self.size = round(held_s * grid.rate_hz)
        self.end = 0
        self._ring = np.zeros((grid.channels, self.size), dtype=np.float32)

    def push(self, samples: Singles) -> None:
        """Append (channels, n) samples; the oldest fall out."""
        for begin in range(0, samples.shape[1], self.size):
            part = samples[:, begin : begin + self.size]
            at = self.end % self.size
            first = min(part.shape[1], self.size - at)
            self._ring[:, at : at + first] = part[:, :first]
            self._ring[:, : part.shape[1] - first] = part[:, first:]
            self.end += part.shape[1]

    @property
    def begin(self) -> int:
        """The first frame that is still held."""
        return max(0, self.end - self.size)

    def cut(self, begin: int, end: int) -> Singles | None:
        """Return frames begin..end, (channels, n), or None where they are not all held."""
        if begin < self.begin or end > self.end:
            return None
        at, n = begin % self.size, end - begin
        first = min(n, self.size - at)
        return np.concatenate([self._ring[:, at : at + first], self._ring[:, : n - first]], axis=1)


def search(reference: Reference, recent: Singles, *, start: int, near: int | None) -> int | None:
    """Return the delay at which the stream is found, in frames, or None.

    recent: the last second of the stream, (channels, n); start: number of its first frame. near:
    the delay so far; only 2.5 s around it are searched, else everything. A second place that fits
    nearly as well (repeated music) is no answer, unless the first is the one nearest to `near`.
    """
    rate, n = reference.grid.rate_hz, recent.shape[1]
    begin, end = reference.begin, reference.end
    if near is not None:
        begin = max(begin, start - near - round(NEAR_S * rate))
        end = min(end, start - near + n + round(NEAR_S * rate))
    factor = max(1, rate // COARSE_HZ)
    held = reference.cut(begin, end) if end - begin > n + factor else None
    if held is None:
        return None
    each = [
        np.abs(correlate(_thin(r, factor), _thin(x, factor)))
        for r, x in zip(held, recent, strict=True)
    ]
    fit = np.mean(each, axis=0)
    at = int(np.argmax(fit))
    apart = rate // factor // 50
    other = np.concatenate([fit[: max(0, at - apart)], fit[at + apart :]])
    rival = float(other.max(initial=0.0))
    if fit[at] < FOUND or fit[at] - rival < CLEARER:
        return None
    return start - (begin + at * factor)


def follow(reference: Reference, block: Singles, *, start: int, delay: int) -> Fit | None:
    """Return how a block of the stream fits near the delay; None where the reference is missing."""
    grid = reference.grid
    reach = round(FINE_MS / 1000 * grid.rate_hz)
    held = reference.cut(start - delay - reach, start - delay + grid.size + reach)
    if held is None:
        return None
    # All hops of all channels at once, (channels, hops, frames): a transform of many rows is far
    # cheaper than many of one.
    x = block.reshape(grid.channels, HOPS, grid.hop)
    r = sliding_window_view(held, grid.hop + 2 * reach, axis=1)[:, :: grid.hop]
    each = correlate(r, x)
    mine, its = np.einsum("chn,chn->ch", x, x), np.einsum("chn,chn->ch", r, r)
    loud = np.minimum(mine.mean(axis=0) / x.shape[2], its.mean(axis=0) / r.shape[2]) >= LEAST_POWER
    weight = its * (mine > TINY)
    fits = np.einsum("chn,ch->hn", np.abs(each), weight / np.maximum(weight.sum(axis=0), TINY))
    off, quality = np.full(HOPS, np.nan), np.full(HOPS, np.nan)
    signs = np.zeros((grid.channels, HOPS))
    last = reach
    for hop in np.flatnonzero(loud).tolist():
        fit = fits[hop]
        at = last = _nearest_top(fit, last)
        off[hop] = reach - at - _vertex(fit, at)
        quality[hop] = fit[at]
        own = each[:, hop, at]
        signs[:, hop] = np.where(np.abs(own) > FOUND, np.sign(own), 0)
    return Fit(off, quality, signs)


def correlate(long: Singles, short: Singles) -> Floats:
    """Return the normalised correlation of `short` at each place of `long`, from the first.

    long: (…, n), short: (…, m ≤ n), row by row; the result: (…, n − m + 1).
    """
    n, m = long.shape[-1], short.shape[-1]
    size = next_fast_len(n, real=True)
    product = irfft(rfft(long, size) * rfft(short, size).conj(), size)[..., : n - m + 1]
    # The energy of each place is that of the first, and what came in and went out since.
    first = np.einsum("...n,...n->...", long[..., :m], long[..., :m], dtype=np.float64)
    new, old = (np.square(part, dtype=np.float64) for part in (long[..., m:], long[..., : n - m]))
    there = np.concatenate([first[..., None], first[..., None] + np.cumsum(new - old, -1)], -1)
    own = np.einsum("...n,...n->...", short, short, dtype=np.float64)
    return np.asarray(product / np.sqrt(np.maximum(there * own[..., None], TINY)))


def _nearest_top(fit: Floats, near: int) -> int:
    """Return the top nearest to `near` of those that are as good as the best.

    A tone fits nearly as well one period further, or half a period with its sign turned.
    """
    good = np.flatnonzero(fit >= float(fit.max()) - AS_GOOD)
    at = int(good[np.abs(good - near).argmin()])
    while at + 1 < len(fit) and fit[at + 1] > fit[at]:
        at += 1
    while at > 0 and fit[at - 1] > fit[at]:
        at -= 1
    return at


def _thin(x: Singles, factor: int) -> Singles:
    n = len(x) // factor * factor
    # The difference tilts the spectrum up: bass alone fits nearly as well one period further.
    return np.diff(x[:n].reshape(-1, factor).mean(axis=1))


def _vertex(fit: Floats, at: int) -> float:
    if not 0 < at < len(fit) - 1:
        return 0.0
    before, here, after = fit[at - 1 : at + 2].tolist()
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else 0.5 * (before - after) / bend
