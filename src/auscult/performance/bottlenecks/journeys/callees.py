"""Whom the calls of one operation usually reach, so that it is known whose answer is missing.

Many clients call all their spans by one name (`GET`), whoever is called. So of calls without an
answer nobody can say by the name alone whom they were for. But the answers that do come tell: whose
share of all calls is smaller than it was is who does not answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp

CALLEES_MAX = 16
_CALLS_LATELY = 40.0

_SHARE_PER_CALL = 1 / 300
_SILENT_PER_CALL = 1 / 2_000
_SILENT_MUCH = 0.03


@dataclass(slots=True)
class Callees:
    """One operation of one service.

    shares: of its calls, by whom they are answered; silent: the share that nobody answers. Both as
    usual; services as numbers of `Names`.
    """

    shares: dict[int, float] = field(default_factory=dict)
    silent: float = 0.0
    _calls: float = 0.0
    _missing: float = 0.0
    _answers: dict[int, float] = field(default_factory=dict)

    def take(self, answers: Mapping[int, int], missing: int) -> dict[int, int]:
        """Take the calls of one look; return of how many of the missing answers each is to blame.

        What nobody here is to blame for was never meant for somebody who makes spans.
        """
        calls = sum(answers.values()) + missing
        fading = exp(-calls / _CALLS_LATELY)
        self._calls = fading * self._calls + calls
        self._missing = fading * self._missing + missing
        for service in self._answers.keys() | answers.keys():
            known = self._answers.get(service, 0.0)
            self._answers[service] = fading * known + answers.get(service, 0)
        blamed = self._blame(missing) if missing else {}
        self._learn(answers, calls, missing)
        return blamed

    def _blame(self, missing: int) -> dict[int, int]:
        lacking = {
            service: max(share * self._calls - self._answers.get(service, 0.0), 0.0)
            for service, share in self.shares.items()
        }
        total = sum(lacking.values())
        if total <= 0:
            return {}
        due = missing * min(total / self._missing, 1.0)
        blamed: dict[int, int] = {}
        for service in sorted(lacking, key=lambda one: -lacking[one]):
            count = min(round(due * lacking[service] / total), missing - sum(blamed.values()))
            if count:
                blamed[service] = count
        return blamed

    def _learn(self, answers: Mapping[int, int], calls: int, missing: int) -> None:
        first = not self.shares
        rate = 1 - (1 - _SILENT_PER_CALL) ** calls
        if first:
            self.silent = missing / calls
        self.silent += rate * (missing / calls - self.silent)
        if self._missing > max(_SILENT_MUCH, 2 * self.silent) * self._calls and not first:
            return  # of a fault nothing is learnt about whom calls usually reach
        rate = 1.0 if first else 1 - (1 - _SHARE_PER_CALL) ** calls
        for service in self.shares.keys() | answers.keys():
            if service in self.shares or len(self.shares) < CALLEES_MAX:
                known = self.shares.get(service, 0.0)
                self.shares[service] = known + rate * (answers.get(service, 0) / calls - known)
