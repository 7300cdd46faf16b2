"""How large a pool should be: from what was measured, never below what was needed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auscult.performance.capacity.promises import Advice, Move, Policy, Range
from auscult.performance.capacity.queueing import Factor, calibrate, mean_wait_s
from auscult.performance.capacity.shape import DAYS_MIN, HOUR_MS, Shape, shape_of
from auscult.performance.capacity.usage import SATURATED, Usage

UNSEEN_SHARE_MAX = 0.02
"""Share of the samples that may have been saturated without arrivals being known."""


def advise(usages: Sequence[Usage], policy: Policy | None = None) -> tuple[Advice, ...]:
    """Return one advice for each pool, in the order they came."""
    policy = policy or Policy()
    return tuple(_advise_one(usage, policy) for usage in usages)


def _advise_one(usage: Usage, policy: Policy) -> Advice:
    demand = usage.demand_erlang()
    if not usage.servers_now:
        return _unknown(usage, "how many there are was never told")
    watched = np.isfinite(usage.busy)
    unseen = float((usage.is_saturated & ~np.isfinite(demand)).sum()) / max(1, int(watched.sum()))
    if unseen > UNSEEN_SHARE_MAX:
        return _unknown(
            usage,
            f"{unseen:.0%} of the time everything was busy: how much more was asked for cannot be "
            "seen without arrivals",
        )
    shape = shape_of(usage.at_ms, demand, horizon_days=policy.horizon_days)
    if shape is None:
        return _unknown(usage, f"less than {DAYS_MIN} days were seen; a peak may be still to come")
    return _Pool(usage, shape, factor_of(usage), policy).size()


def factor_of(usage: Usage) -> Factor:
    """Return how many times longer than M/M/c this pool waits, as far as waits were measured.

    By hours: within a minute the load that arrived is a matter of chance, and the wait with it.
    """
    service_s = usage.service_s()
    if not len(usage.wait_s) or not np.isfinite(service_s):
        return Factor()
    told = np.isfinite(usage.wait_s) & np.isfinite(usage.busy) & (usage.arrivals_per_s > 0)
    _, hour = np.unique(usage.at_ms[told] // HOUR_MS, return_inverse=True)
    arrivals = usage.arrivals_per_s[told]
    samples, weight = np.bincount(hour), np.bincount(hour, arrivals).astype(np.float64)
    demand = np.bincount(hour, usage.busy[told]) / samples
    servers = np.bincount(hour, usage.servers[told]) / samples
    waited_s = np.bincount(hour, usage.wait_s[told] * arrivals) / weight
    steady = (servers == np.round(servers)) & (servers >= 1) & (demand < SATURATED * servers)
    expected_s = np.full(len(samples), np.nan)
    expected_s[steady] = [
        mean_wait_s(round(size), load, service_s=service_s)
        for size, load in zip(servers[steady].tolist(), demand[steady].tolist(), strict=True)
    ]
    return calibrate(waited_s, expected_s, weight)


@dataclass(frozen=True, slots=True)
class _Pool:
    """What is known of one pool."""

    usage: Usage
    shape: Shape
    factor: Factor
    policy: Policy

    def size(self) -> Advice:
        """Return how large it should be."""
        present, policy, needed = self.usage.servers_now, self.policy, self.shape.needed
        least, calm = self.least(), self.least(policy.calm)
        # Guard: what is left carries the peak that may come, also with the spare ones gone.
        floor = max(calm, int(np.floor(needed)) + 1 + policy.spare, policy.servers_min)
        step = max(1, int(present * policy.step_share))
        if max(least, policy.servers_min) > present:
            least = max(least, policy.servers_min)
            proposed = max(present, min(least, policy.servers_max))
            bound = f"; {policy.servers_max} is the bound" if proposed < least else ""
            move = Move.ADD if proposed > present else Move.KEEP
            return self.promise(move, proposed, f"{least} are needed{bound}")
        if floor < present:
            proposed = max(floor, present - step)
            return self.promise(Move.REMOVE, proposed, f"{floor} carry the load that may come")
        return self.promise(Move.KEEP, present, "the size fits")

    def least(self, calm: float = 1.0) -> int:
        """Return the fewest servers that keep the policy at the load that may come."""
        policy, demand, service_s = self.policy, self.shape.needed, self.usage.service_s()
        servers = max(1, int(np.ceil(demand / (policy.utilisation_max * calm))))
        if not policy.wait_max_s or not np.isfinite(service_s):
            return servers
        while servers < policy.servers_max:
            wait_s = mean_wait_s(servers, demand, service_s=service_s) * self.factor.high
            if wait_s <= policy.wait_max_s * calm:
                break
            servers += 1
        return servers

    def promise(self, move: Move, proposed: int, why: str) -> Advice:
        """Return the advice with what is expected of it."""
        usage, shape = self.usage, self.shape
        demand = Range(shape.peak, shape.usual_peak, shape.needed)
        return Advice(
            service=usage.service,
            resource=usage.resource,
            move=move,
            present=usage.servers_now,
            proposed=proposed,
            reason=(
                f"{why}: peak {shape.peak:.2f} busy in {shape.days} days, "
                f"up to {shape.needed:.2f} within {self.policy.horizon_days:.0f} days"
            ),
            utilisation=Range(*(load / proposed for load in demand.figures)),
            headroom=Range(
                1.0 - demand.likely / proposed,
                1.0 - demand.high / proposed,
                1.0 - demand.low / proposed,
            ),
            wait_s=self.waits_s(proposed, demand),
            demand_erlang=demand,
            service_s=usage.service_s(),
        )

    def waits_s(self, servers: int, demand: Range) -> Range | None:
        """Return the mean wait of so many servers; None where the service time is unknown."""
        service_s, factor = self.usage.service_s(), self.factor
        if not np.isfinite(service_s):
            return None
        times = (factor.likely, factor.low, factor.high)
        return Range(
            *(
                mean_wait_s(servers, load, service_s=service_s) * longer
                for load, longer in zip(demand.figures, times, strict=True)
            )
        )


def _unknown(usage: Usage, reason: str) -> Advice:
    size = usage.servers_now
    return Advice(usage.service, usage.resource, Move.UNKNOWN, size, size, reason)
