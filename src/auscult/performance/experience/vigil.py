"""Alarms for audiences of any size: is more going wrong than this audience's history explains?

Watching three plays a day and three thousand a minute by one rule, at every look, without a least
number of plays. Each look multiplies the evidence by the likelihood ratio of what was seen, raised
rate against usual rate, and adds fresh evidence for a fault that begins now: a Shiryaev-Roberts
procedure in the form of an e-detector (Shin, Ramdas, Rinaldo, "E-detectors", 2022). While the rate
is no higher than usual, evidence less the plays so far is a supermartingale, whatever the rate and
however often one looks; so the chance of a false alarm within m plays is at most m / `limit`
(Ville, Doob). The limit is the plays of this audience between two false alarms: plays a day times
the days that may lie between. A small audience alarms on two failures, a large one on many, equally
rarely.

"Usual" is the highest rate that the history allows with 99 % confidence (Clopper, Pearson): little
history makes the alarm slow, not false. The raised rate is not known, so the evidence is a mean
over odds 1.6 to 300 times the usual ones.

A play must be counted when its outcome is due, not when it is known: failures are known at once,
and would come before the successes that began with them.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auscult.kernel.errors import BodyMalformed, CapacityError, InputError
from auscult.performance.experience.chance import Counts, Doubles, check_counts, rate_at_most

AUDIENCES_MAX = 1_000_000
ODDS = np.array([1.6, 3.0, 8.0, 30.0, 300.0])
LIMIT_MIN = 20.0
"""Below this even the first bad play would alarm."""
LOG_WELL = float(np.log(100.0))
"""An alarm ends when being well again is a hundred times as likely as the fault that opened it."""
_LOG_CAP = 50.0
_USUAL_MIN = 1e-6

Flags = NDArray[np.bool_]


class Vigil:
    """m audiences, each with its own usual rate, limit and evidence, as columns of shape (m,).

    bad_before, plays_before: int64, of the history each audience is compared with. limit: float64,
    plays between two false alarms; at least 20. sure: confidence in the usual rate. Raises
    `InputError` for counts and limits that cannot be, `CapacityError` above 1,000,000 audiences.
    """

    def __init__(
        self, bad_before: Counts, plays_before: Counts, *, limit: Doubles, sure: float = 0.99
    ) -> None:
        if bad_before.size > AUDIENCES_MAX:
            raise CapacityError(f"{bad_before.size} audiences; at most {AUDIENCES_MAX}")
        usual = rate_at_most(bad_before, plays_before, sure=sure)
        if limit.shape != usual.shape or not (np.isfinite(limit) & (limit >= LIMIT_MIN)).all():
            raise InputError(f"a limit below {LIMIT_MIN:g} plays, or not one for each audience")
        self.usual = np.clip(usual, _USUAL_MIN, 1.0)
        self.log_limit = np.log(limit)
        self._log_evidence = np.full((usual.size, ODDS.size), -np.inf)
        self._fault = np.full(usual.size, -1, dtype=np.int64)  # which odds opened the alarm
        self._log_well = np.zeros(usual.size)  # how much likelier it is, since, to be well again

    @property
    def alarmed(self) -> Flags:
        """Who is alarmed, bool (m,)."""
        alarmed: Flags = self._fault >= 0
        return alarmed

    @property
    def evidence(self) -> Doubles:
        """The evidence of each audience, float64 (m,); an alarm begins at its limit."""
        return np.asarray(np.exp(self._log_mean()))

    def look(self, bad: Counts, plays: Counts) -> Flags:
        """Take what came due since the last look, int64 (m,) each; return who is alarmed now.

        An audience whose history allows every rate (none, or all bad) is never alarmed. Raises
        `InputError` for counts that cannot be.
        """
        check_counts(bad, plays)
        if bad.shape != self.usual.shape:
            raise InputError(f"{bad.size} counts for {self.usual.size} audiences")
        some = np.flatnonzero((plays > 0) & (self.usual < 1))
        ratio = self._log_ratio(some, bad[some], plays[some])
        self._recover(some, ratio)
        fresh = np.log(plays[some].astype(np.float64))[:, None]
        grown = np.logaddexp(self._log_evidence[some], fresh) + ratio
        self._log_evidence[some] = np.minimum(grown, self.log_limit[some, None] + _LOG_CAP)
        begun = (self._log_mean() >= self.log_limit) & ~self.alarmed
        self._fault[begun] = self._log_evidence[begun].argmax(axis=1)
        self._log_well[begun] = 0
        return self.alarmed

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of what must outlive a restart."""
        return {name: getattr(self, f"_{name}").copy() for name in _KEPT}

    def restore(self, snapshot: Mapping[str, NDArray[np.generic]]) -> None:
        """Take a snapshot of as many audiences in the same order; raises `BodyMalformed`."""
        for name, dtype in _KEPT.items():
            kept = snapshot.get(name)
            if kept is None or kept.shape != getattr(self, f"_{name}").shape or kept.dtype != dtype:
                raise BodyMalformed(f"the snapshot's column {name} is missing or wrong")
        fault, evidence = snapshot["fault"], snapshot["log_evidence"]
        if np.isnan(evidence.astype(np.float64)).any() or not np.isin(fault, _FAULTS).all():
            raise BodyMalformed("the snapshot of the audiences does not hold together")
        for name in _KEPT:
            setattr(self, f"_{name}", snapshot[name].copy())

    def _recover(self, some: NDArray[np.intp], ratio: Doubles) -> None:
        """End alarms by a cumulative sum against the fault that opened them (E. S. Page, 1954)."""
        pick = np.flatnonzero(self._fault[some] >= 0)
        rows = some[pick]
        well = self._log_well[rows] - ratio[pick, self._fault[rows]]
        self._log_well[rows] = np.maximum(well, 0)
        ended = rows[well >= LOG_WELL]
        self._fault[ended] = -1
        self._log_evidence[ended] = -np.inf

    def _log_mean(self) -> Doubles:
        total: Doubles = np.logaddexp.reduce(self._log_evidence, axis=1)
        return total - float(np.log(ODDS.size))

    def _log_ratio(self, some: NDArray[np.intp], bad: Counts, plays: Counts) -> Doubles:
        """Return log(likelihood of the raised rates / of the usual one), float64 (audiences, 5)."""
        usual = self.usual[some, None]
        raised = ODDS * usual / (1 - usual + ODDS * usual)
        worse, better = np.log(raised / usual), np.log1p(-raised) - np.log1p(-usual)
        ratio: Doubles = bad[:, None] * worse + (plays - bad)[:, None] * better
        return ratio


_KEPT = {
    "log_evidence": np.dtype(np.float64),
    "fault": np.dtype(np.int64),
    "log_well": np.dtype(np.float64),
}
_FAULTS = np.arange(-1, ODDS.size)


def limit_for(plays_per_day: Doubles, *, calm_days: float = 30.0) -> Doubles:
    """Return the limit, float64 (m,), for one false alarm in at least `calm_days` days on average.

    Raises `InputError` for `calm_days` that are not above 0.
    """
    if not calm_days > 0:
        raise InputError(f"{calm_days} days between two false alarms")
    return np.maximum(plays_per_day * calm_days, LIMIT_MIN)
