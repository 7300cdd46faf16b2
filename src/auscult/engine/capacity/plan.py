"""What is to be sized: pools by what a Prometheus knows of them, caches by their access log."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from auscult.engine.documents import read_plan_as
from auscult.kernel.errors import SettingError
from auscult.performance.capacity import Policy
from auscult.performance.capacity.usage import SAMPLES_MAX

DAY_S = 86_400
Query = Annotated[str, Field(min_length=1, max_length=10_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PoolPlan(_Part):
    """One pool of equal servers: PromQL whose answer is one series each.

    `busy` is how many are at work (`sum(rate(process_cpu_seconds_total{job="encode"}[5m]))`),
    `servers` how many there are (`count(up{job="encode"} == 1)`), `arrivals` what is asked for per
    second, also what is turned away, `wait` the mean wait in the queue in seconds. `policy` are
    the limits of `auscult.performance.capacity.Policy`.
    """

    service: Name
    resource: Name = "replicas"
    busy: Query
    servers: Query
    arrivals: Query | None = None
    wait: Query | None = None
    policy: dict[str, float] = {}

    @model_validator(mode="after")
    def _check_policy(self) -> Self:
        self.limits()
        return self

    def limits(self) -> Policy:
        """Return its policy; raises `ValueError` for one that cannot be."""
        whole = {"spare", "servers_min", "servers_max"}
        known = set(Policy.__dataclass_fields__)
        if unknown := set(self.policy) - known:
            raise ValueError(f"no policy {', '.join(sorted(unknown))}; {', '.join(sorted(known))}")
        if broken := [name for name in whole & set(self.policy) if self.policy[name] % 1]:
            raise ValueError(f"{', '.join(sorted(broken))}: a whole number is expected")
        given = {name: int(one) if name in whole else one for name, one in self.policy.items()}
        return Policy(**given)  # type: ignore[arg-type]  # whole numbers were made whole


class CachePlan(_Part):
    """One cache: the access log of what it was asked for, and the share of it that it had."""

    service: Name
    access_log: Path
    capacity_bytes: float = Field(gt=0, le=1e18)
    capacity_max_bytes: float = Field(gt=0, le=1e18)
    hit_ratio: float = Field(ge=0, le=1)


class CapacityPlan(_Part):
    """Everything that is to be sized, and how much of the past is looked at."""

    prometheus: HttpUrl | None = None
    lookback_days: float = Field(default=14.0, gt=0, le=400)
    step_s: int = Field(default=60, ge=1, le=3_600)
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    pools: tuple[PoolPlan, ...] = Field(default=(), max_length=200)
    caches: tuple[CachePlan, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if not self.pools and not self.caches:
            raise ValueError("there are neither pools nor caches")
        if self.pools and self.prometheus is None:
            raise ValueError("pools need a `prometheus` to ask")
        if self.samples > SAMPLES_MAX:
            raise ValueError(f"lookback_days in steps of step_s: at most {SAMPLES_MAX} samples")
        names = [(one.service, one.resource) for one in self.pools]
        if len(set(names)) < len(names):
            raise ValueError("a service and resource stands there twice")
        return self

    @property
    def samples(self) -> int:
        """How many samples of each series are asked for."""
        return round(self.lookback_days * DAY_S / self.step_s)


def read_plan(path: Path) -> CapacityPlan:
    """Read a plan from YAML, paths beside it; raises `SettingError`."""
    plan = read_plan_as(CapacityPlan, path)
    caches = []
    for cache in plan.caches:
        log = path.parent / cache.access_log
        if not log.is_file():
            raise SettingError(f"{path}: {log} is no file")
        caches.append(cache.model_copy(update={"access_log": log}))
    return plan.model_copy(update={"caches": tuple(caches)})
