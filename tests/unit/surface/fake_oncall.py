"""Being on call in memory: a section for each tenant, takeovers by the real rules of merging."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from auscult.kernel.errors import ObjectMissing
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import TenantId
from auscult.notification.oncall import OnCall

if TYPE_CHECKING:
    from tests.unit.surface.fake_engine import FakeEngine

T = TypeVar("T")


class FakeOnCall:
    """What the surface asks about being on call."""

    def __init__(self, engine: "FakeEngine") -> None:
        self.engine = engine
        self.sections: dict[TenantId, OnCall] = {}

    def section(self, tenant: TenantId) -> OnCall:
        return self.sections.get(tenant, OnCall(policy=""))

    async def ask(self, tenant: TenantId, question: Callable[[OnCall], T]) -> T:
        return question(self.section(tenant).amended(self.engine.of(tenant).taken, {}))

    async def take_over(self, tenant: TenantId, wished: Takeover, *, by: str) -> Takeover:
        self.section(tenant).schedule(wished.schedule)
        taken = self.engine.of(tenant).taken
        made = wished.model_copy(update={"id": f"O{len(taken) + 1}", "by": by})
        taken.append(made)
        return made

    async def give_back(self, tenant: TenantId, schedule: str, takeover: str, *, by: str) -> None:
        taken = self.engine.of(tenant).taken
        found = [one for one in taken if (one.schedule, one.id) == (schedule, takeover)]
        if not found:
            raise ObjectMissing("no such takeover")
        taken.remove(found[0])


def takeover_rows(taken: list[Takeover]) -> Any:
    """Return the store's reading of takeovers."""
    return SimpleNamespace(
        ending_after=lambda since_ms: [one for one in taken if one.ends_ms > since_ms]
    )
