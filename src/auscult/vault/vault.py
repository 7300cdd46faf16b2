"""The vault: the one object through which secrets and personal data are handled."""

import hmac
import secrets
import threading
from pathlib import Path
from typing import Self

from auscult.kernel.errors import VaultError
from auscult.kernel.words import TenantId
from auscult.runtime.settings import process_environment
from auscult.vault.envelopes import key_id_of, seal, unseal
from auscult.vault.keyring import KeyRing, open_ring, parse_ring, rotate_ring

API_KEY_PREFIX = "ak_"
AUDIT_SEALS = "audit heads"
"""The purpose of the sub-key that seals the heads of audit logs."""


class Vault:
    """Seals, opens, hashes and pseudonymises with the keys of one ring. Safe from threads.

    Envelopes are sealed by the active key. Key hashes, pseudonyms and the seals of audit logs come
    from the oldest key, so they outlive rotation; taking the oldest key out of the ring makes all
    of them unrecognisable.
    """

    def __init__(self, ring: KeyRing, *, data_dir: Path | None = None) -> None:
        """Take the ring, and the folder it is kept in where it is a file."""
        self._ring = ring
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._derived: dict[tuple[str, str], bytes] = {}

    @classmethod
    def open(cls, data_dir: Path | str, env_key: str | None = None) -> Self:
        """Return the vault with the keys of `AUSCULT_MASTER_KEY`, or of the folder's key ring.

        `env_key` is the variable's value; None takes the process's own. The ring file is made on
        first use with mode 0600. Raises `VaultError` for a key that cannot be read and for a file
        that others may read.
        """
        if env_key is None:
            env_key = process_environment().get("AUSCULT_MASTER_KEY")
        if env_key is not None:
            return cls(parse_ring(env_key))
        return cls(open_ring(Path(data_dir)), data_dir=Path(data_dir))

    def __repr__(self) -> str:
        """Return the key ids, never a key."""
        return f"Vault({', '.join(self.key_ids)})"

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys in the ring, the active one first."""
        return self._ring.ids

    def seal(self, plaintext: bytes, *, about: str) -> str:
        """Return the envelope of a secret; `about` says whose it is (`tenant/channel/name`)."""
        return seal(self._ring, plaintext, about=about)

    def unseal(self, envelope: str, *, about: str) -> bytes:
        """Return the secret; raises `EnvelopeBroken`, `KeyMissing`.

        A key this process has not seen may have been made by another one since: the ring's file
        is read again before it is called missing.
        """
        if key_id_of(envelope) not in self._ring.keys and self._data_dir is not None:
            self._ring = open_ring(self._data_dir)
        return unseal(self._ring, envelope, about=about)

    def reseal(self, envelope: str, *, about: str) -> str:
        """Return the same secret sealed by the active key; the envelope itself if it is."""
        if key_id_of(envelope) == self._ring.active:
            unseal(self._ring, envelope, about=about)  # never pass a broken one on
            return envelope
        return self.seal(self.unseal(envelope, about=about), about=about)

    def rotate(self) -> str:
        """Make a new key the active one, keep all others for reading, and return its id.

        Raises `VaultError` when the keys come from the environment: there a new pair is put first.
        """
        if self._data_dir is None:
            raise VaultError("the keys come from AUSCULT_MASTER_KEY; put a new id=key pair first")
        with self._lock:
            self._ring = rotate_ring(self._data_dir)
            return self._ring.active

    @staticmethod
    def new_api_key() -> str:
        """Return a new API key, `ak_` and 256 random bits; it is shown once and never kept."""
        return API_KEY_PREFIX + secrets.token_urlsafe(32)

    def hash_api_key(self, key: str) -> str:
        """Return the hash by which a key is found: HMAC-SHA-256 (RFC 2104), hexadecimal."""
        return self._mac("api keys", key.encode()).hex()

    def check(self, key: str, key_hash: str) -> bool:
        """Say in constant time whether a key is the one that was hashed."""
        return hmac.compare_digest(self.hash_api_key(key).encode(), key_hash.encode())

    def pseudonym(self, tenant: TenantId, listener_id: str) -> str:
        """Return the name a listener goes by: stable in a tenant, unrelated in any other."""
        text = b"\0".join((tenant.encode(), listener_id.encode()))
        return f"p_{self._mac('pseudonyms', text)[:16].hex()}"

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for another purpose (signing page sessions); rotation keeps them."""
        return self._ring.derive(self._ring.oldest, f"other {purpose}")

    def _mac(self, purpose: str, text: bytes) -> bytes:
        """Hash by a sub-key that is derived once: a sender's key is hashed with every body."""
        oldest = self._ring.oldest
        key = self._derived.get((oldest, purpose))
        if key is None:
            key = self._derived[oldest, purpose] = self._ring.derive(oldest, purpose)
        return hmac.digest(key, text, "sha256")
