"""Whose key this is: the one place where a tenant is minted from a credential."""

from typing import TYPE_CHECKING

from auscult.kernel.errors import CredentialMissing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from auscult.runtime.clock import Clock
    from auscult.store import Credential, Work
    from auscult.vault import Vault

    Find = Callable[[Work], Credential | None]
    Read = Callable[[Find], Awaitable[Credential | None]]

REMEMBERED_S = 5.0
REMEMBERED_MAX = 10_000
"""A checked key is remembered this long, so that a sender of bodies does not cost a read each;
a revoked key works no longer than that."""


class Access:
    """Checks keys against the store's directory of keyed hashes."""

    def __init__(self, vault: "Vault", *, clock: "Clock") -> None:
        """Take the vault whose secret the hashes are keyed with."""
        self._vault = vault
        self._clock = clock
        self._known: dict[str, tuple[float, Credential]] = {}

    async def check(self, key: str, read: "Read") -> "Credential":
        """Return the credential of a key; raises `CredentialMissing`."""
        return await self.recall(self._vault.hash_api_key(key), read)

    async def recall(self, hashed: str, read: "Read") -> "Credential":
        """Return the credential of a key by its hash; raises `CredentialMissing`.

        A page session holds the hash of the key that it began with, and asks for it anew with
        every request: both end together.
        """
        now_s = self._clock.monotonic_s()
        remembered = self._known.get(hashed)
        if remembered is not None and now_s - remembered[0] < REMEMBERED_S:
            return remembered[1]
        found = await read(lambda work: work.directory.find(hashed))
        if found is None:
            raise CredentialMissing
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[hashed] = (now_s, found)
        return found
