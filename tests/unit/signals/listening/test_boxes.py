"""Encrypted sound is seen in the declaration of its samples, and nothing else is taken for it."""

import numpy as np
import pytest

from auscult.signals.listening.boxes import is_scrambled
from tests.unit.signals.listening.coded import sweep, whole


def clear() -> bytes:
    return whole(sweep(1), codec="aac", container="mp4")


def scrambled() -> bytes:
    """The same, its sample entry renamed as an encryptor does (mp4a becomes enca)."""
    body = clear()
    at = body.index(b"mp4a", body.index(b"stsd"))
    return body[:at] + b"enca" + body[at + 4 :]


def test_encrypted_sound_is_told_from_clear_sound() -> None:
    assert is_scrambled(scrambled())
    assert not is_scrambled(clear())


@pytest.mark.parametrize(
    "body",
    [b"", b"enca", b"OggS enca", clear() + b"enca", b"\0\0\0\x08moov", b"\0\0\0\1moov", bytes(99)],
)
def test_what_only_looks_like_it_is_not_taken_for_it(body: bytes) -> None:
    assert not is_scrambled(body)


def test_a_broken_declaration_ends_the_search_and_raises_nothing() -> None:
    rng, body = np.random.default_rng(3), scrambled()
    for _ in range(200):
        broken = bytearray(body[: int(rng.integers(len(body)))])
        for place in rng.integers(0, max(1, len(broken)), 9):
            broken[place : place + 1] = bytes([int(rng.integers(256))])
        is_scrambled(bytes(broken))
