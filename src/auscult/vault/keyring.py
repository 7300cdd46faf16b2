"""The keys of the house: several, each with an id, one of them active.

A ring comes from `AUSCULT_MASTER_KEY` or from a file that nobody else can read, made with the
first use. Keys never leave this room: other purposes get sub-keys (HKDF-SHA-256, RFC 5869).
"""

import base64
import binascii
import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auscult.kernel.errors import KeyMissing, VaultError

KEY_BYTES = 32
FILE_NAME = "keyring.json"
_FILE_BYTES_MAX = 1 << 20
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class KeyRing:
    """Keys by id, the active one first, the oldest last."""

    keys: dict[str, bytes] = field(repr=False)

    @property
    def ids(self) -> list[str]:
        """The ids, the active one first."""
        return list(self.keys)

    @property
    def active(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.keys))

    @property
    def oldest(self) -> str:
        """The id of the key that hashes and pseudonyms come from; rotation does not change it."""
        return list(self.keys)[-1]

    def derive(self, key_id: str, purpose: str) -> bytes:
        """Return the 32-byte sub-key of one key for one purpose; raises `KeyMissing`."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if key_id not in self.keys:
            raise KeyMissing(f"{key_id}; in the ring are {', '.join(self.ids)}")
        info = f"auscult v1 {purpose}".encode()
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.keys[key_id])

    def with_new_key(self) -> "KeyRing":
        """Return a ring whose active key is new and which still holds all others."""
        key = secrets.token_bytes(KEY_BYTES)
        return KeyRing({fingerprint(key): key, **self.keys})


def fingerprint(key: bytes) -> str:
    """Return the id of a key that was given none: it tells keys apart and nothing about them."""
    return "k" + hashlib.sha256(b"auscult key id\0" + key).hexdigest()[:12]


def parse_ring(text: str) -> KeyRing:
    """Read `AUSCULT_MASTER_KEY`: one key in base64, or `id=key` pairs with commas, active first.

    Raises `VaultError`, which never repeats what was given.
    """
    keys: dict[str, bytes] = {}
    for number, part in enumerate(text.split(","), start=1):
        # Base64 pads with "=" at the end only, so an id ends at the first "=" before the key.
        found = re.fullmatch(r"\s*(?:([^=\s]*)=)?([A-Za-z0-9+/_-]{43}=?)\s*", part)
        key = _decode(found[2]) if found else None
        if found is None or key is None:
            raise VaultError(
                f"AUSCULT_MASTER_KEY: key {number} is not {KEY_BYTES} bytes in base64 "
                "(as of `openssl rand -base64 32`), alone or as id=key"
            )
        key_id = fingerprint(key) if found[1] is None else found[1]
        if not _ID.fullmatch(key_id) or key_id in keys:
            raise VaultError(f"AUSCULT_MASTER_KEY: key {number} needs an id of its own: a-z, 0-9")
        keys[key_id] = key
    return KeyRing(keys)


def open_ring(data_dir: Path) -> KeyRing:
    """Return the ring of a folder, made there with the first use; raises `VaultError`.

    Two processes that start at once end up with the same ring.
    """
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            key = secrets.token_bytes(KEY_BYTES)
            with _written(path, KeyRing({fingerprint(key): key})) as draft, _unless_exists():
                os.link(draft, path)
            _sync_folder(data_dir)
        return _read(path)
    except OSError as why:
        raise VaultError(f"{path}: {why.strerror}") from None


def rotate_ring(data_dir: Path) -> KeyRing:
    """Put a new active key into the folder's ring and return it; raises `VaultError`."""
    path = data_dir / FILE_NAME
    try:
        with (data_dir / f"{FILE_NAME}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two rotations at once keep both keys
            ring = _read(path).with_new_key()
            with _written(path, ring) as draft:
                draft.replace(path)
            _sync_folder(data_dir)
            return ring
    except OSError as why:
        raise VaultError(f"{path}: {why.strerror}") from None


def _read(path: Path) -> KeyRing:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise VaultError(f"{path} may be read by others (mode {mode:04o}); chmod 600 it")
        raw = file.read(_FILE_BYTES_MAX)
    try:
        rows = json.loads(raw)["keys"]
        keys = {str(row["id"]): base64.b64decode(row["key"], validate=True) for row in rows}
    except (ValueError, KeyError, TypeError):
        raise VaultError(f"{path} is not a key ring; restore it from its copy") from None
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise VaultError(f"{path} is not a key ring; restore it from its copy")
    return KeyRing(keys)


@contextmanager
def _written(path: Path, ring: KeyRing) -> Iterator[Path]:
    """Write a ring beside its place, safe on disk, and take the draft away at the end."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    rows = [{"id": name, "key": base64.b64encode(key).decode()} for name, key in ring.keys.items()]
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"version": 1, "keys": rows}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _unless_exists() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        return  # another process was first; its ring is read


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _decode(text: str) -> bytes | None:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/") + "="
    try:
        return base64.b64decode(plain, validate=True)
    except binascii.Error:
        return None
