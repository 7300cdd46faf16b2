"""Whose turn it is: nobody is looked at twice while somebody waits whose turn has come."""

from collections.abc import Collection
from dataclasses import dataclass, field

from auscult.kernel.words import TenantId

NEVER_S = float("-inf")


@dataclass(slots=True)
class Turns:
    """When each tenant was looked at last, by a clock that never goes back.

    Each look is bounded in what it takes, and a tenant who is behind comes again only after
    everybody whose turn has come: who waits, waits for one look of each other tenant at most.
    """

    every_s: float
    _looked_s: dict[TenantId, float] = field(default_factory=dict)

    def due(
        self, tenants: Collection[TenantId], behind: Collection[TenantId], *, now_s: float
    ) -> list[TenantId]:
        """Return whose turn it is, who has waited longest first: `behind` need not wait."""
        since = self._looked_s
        due = [
            tenant
            for tenant in tenants
            if tenant in behind or now_s - since.get(tenant, NEVER_S) >= self.every_s
        ]
        return sorted(due, key=lambda tenant: (since.get(tenant, NEVER_S), tenant))

    def rest_s(self, tenants: Collection[TenantId], *, now_s: float) -> float:
        """Return how long it is until the turn of one of them comes, `every_s` at most."""
        looked_s = [self._looked_s.get(tenant, NEVER_S) for tenant in tenants]
        last_s = min(looked_s, default=now_s)
        return min(max(last_s + self.every_s - now_s, 0.0), self.every_s)

    def took(self, tenant: TenantId, *, now_s: float) -> None:
        """Remember that a tenant's look began now."""
        self._looked_s[tenant] = now_s

    def release(self, tenant: TenantId) -> None:
        """Forget a tenant."""
        self._looked_s.pop(tenant, None)
