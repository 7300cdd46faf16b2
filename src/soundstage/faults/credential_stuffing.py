"""Somebody tries leaked passwords, one account after the other, from several addresses."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundstage.delivery.accounts import ACCOUNTS, password_of
from soundstage.sabotage.stranger import StrangerFault, at_rate

if TYPE_CHECKING:
    from soundstage.outside.world import World

AGENT = "python-requests/2.31.0"
MOST_PER_S = 200.0


@dataclass(frozen=True, kw_only=True)
class CredentialStuffing(StrangerFault):
    """``rate_per_s`` sign-ins with leaked passwords; a ``hit_share`` of them is right."""

    broken = "stolen passwords are tried at {target}"
    listener_notices = "nothing; somebody else may soon use their account"

    rate_per_s: float = 20.0
    addresses: int = 8
    hit_share: float = 0.01
    tenant: str = "acme"

    async def act(self, world: World) -> None:
        """Try account after account."""
        numbers = itertools.count(1)
        while True:
            for _ in range(await at_rate(min(MOST_PER_S, self.rate_per_s))):
                number = next(numbers)
                user = f"listener-{number % ACCOUNTS}"
                hit = int(number * self.hit_share) != int((number - 1) * self.hit_share)
                password = password_of(self.tenant, user) if hit else f"summer{number % 97}"
                address = f"192.0.2.{number % max(1, self.addresses) + 1}"
                headers = {"User-Agent": AGENT, "X-Forwarded-For": address}
                wish = {"user": user, "password": password}
                world.send(f"/login/{self.tenant}", number=number, headers=headers, wish=wish)
