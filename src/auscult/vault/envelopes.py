"""Envelopes: `v1:<key id>:<nonce>:<ciphertext>`, AES-256-GCM (NIST SP 800-38D).

The associated data holds the version, the key id and what the envelope is about (tenant and
name), so an envelope moved to another row, or given another id, does not open. Nonces are 96
random bits; a key is to be rotated long before 2^32 envelopes.
"""

import base64
import binascii
import re
import secrets

from auscult.kernel.errors import EnvelopeBroken
from auscult.vault.keyring import KeyRing

PLAINTEXT_BYTES_MAX = 1 << 20
_NONCE_BYTES = 12
_PURPOSE = "envelopes"
_ENVELOPE = re.compile(r"v1:([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{16}):([A-Za-z0-9+/]+={0,2})")


def seal(ring: KeyRing, plaintext: bytes, *, about: str) -> str:
    """Return the envelope of a secret; raises ValueError above `PLAINTEXT_BYTES_MAX`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(plaintext) > PLAINTEXT_BYTES_MAX:
        raise ValueError(f"a secret has at most {PLAINTEXT_BYTES_MAX} bytes")
    key_id, nonce = ring.active, secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(ring.derive(key_id, _PURPOSE))
    sealed = cipher.encrypt(nonce, plaintext, _associated(key_id, about))
    return f"v1:{key_id}:{_encode(nonce)}:{_encode(sealed)}"


def unseal(ring: KeyRing, envelope: str, *, about: str) -> bytes:
    """Return the secret; raises `EnvelopeBroken` or, without its key, `KeyMissing`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key_id, nonce, sealed = _parts(envelope)
    try:
        cipher = AESGCM(ring.derive(key_id, _PURPOSE))
        return cipher.decrypt(nonce, sealed, _associated(key_id, about))
    except InvalidTag:
        raise EnvelopeBroken(f"sealed by {key_id}, asked for as {about!r}") from None


def key_id_of(envelope: str) -> str:
    """Return the id of the key that sealed an envelope; raises `EnvelopeBroken`."""
    return _parts(envelope)[0]


def _parts(envelope: str) -> tuple[str, bytes, bytes]:
    found = _ENVELOPE.fullmatch(envelope)
    if found is None:
        raise EnvelopeBroken("it has not the form v1:key:nonce:ciphertext")
    nonce, sealed = _decode(found[2]), _decode(found[3])
    return found[1], nonce, sealed


def _associated(key_id: str, about: str) -> bytes:
    return b"\0".join((b"auscult", b"v1", key_id.encode(), about.encode()))


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    """Return the bytes; only the one text that `_encode` writes for them is taken."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise EnvelopeBroken("its base64 cannot be read") from None
    if _encode(raw) != text:
        raise EnvelopeBroken("its base64 was changed")
    return raw
