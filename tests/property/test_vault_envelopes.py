"""Envelopes open only as they were sealed: whole, by their key, for what they are about."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.kernel.errors import EnvelopeBroken, KeyMissing, VaultError
from auscult.kernel.words import TenantId
from auscult.vault.envelopes import PLAINTEXT_BYTES_MAX, key_id_of, seal, unseal
from auscult.vault.keyring import KeyRing, parse_ring
from auscult.vault.vault import Vault

RING = KeyRing({"new": b"n" * 32, "old": b"o" * 32})
ABOUT = st.text(max_size=60)
NOT_A_KEY = "is not 32 bytes in base64 (as of `openssl rand -base64 32`), alone or as id=key"
REFUSALS = {
    f"A secret cannot be handled: AUSCULT_MASTER_KEY: key N {NOT_A_KEY}",
    "A secret cannot be handled: AUSCULT_MASTER_KEY: key N needs an id of its own: a-z, 0-9",
}
MARK = b"never-to-be-seen"


@given(st.binary(max_size=2000), ABOUT)
def test_what_is_sealed_opens_unchanged(plaintext: bytes, about: str) -> None:
    envelope = seal(RING, plaintext, about=about)
    assert unseal(RING, envelope, about=about) == plaintext
    assert re.fullmatch(r"v1:new:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+", envelope)


@given(st.binary(max_size=60), ABOUT, ABOUT)
def test_an_envelope_does_not_open_as_something_else(
    plaintext: bytes, about: str, other: str
) -> None:
    envelope = seal(RING, plaintext, about=about)
    if about != other:
        with pytest.raises(EnvelopeBroken):
            unseal(RING, envelope, about=other)


@given(st.binary(max_size=60), ABOUT, st.data())
def test_no_bit_can_be_changed(plaintext: bytes, about: str, data: st.DataObject) -> None:
    raw = bytearray(seal(RING, plaintext, about=about).encode())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(VaultError) as caught:
        unseal(RING, raw.decode("latin-1"), about=about)
    is_in_key_id = 3 <= bit // 8 < 6
    assert isinstance(caught.value, EnvelopeBroken) or (
        is_in_key_id and isinstance(caught.value, KeyMissing)
    )


@pytest.mark.parametrize("size", [0, 1, 2])  # all three ways base64 pads
def test_no_bit_at_all_can_be_changed(size: int) -> None:
    raw = seal(RING, b"x" * size, about="a").encode()
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((EnvelopeBroken, KeyMissing)):
            unseal(RING, changed.decode("latin-1"), about="a")


@given(st.binary(max_size=60), st.data())
def test_an_envelope_cannot_be_cut_or_lengthened(plaintext: bytes, data: st.DataObject) -> None:
    envelope = seal(RING, plaintext, about="a")
    cut = data.draw(st.integers(0, len(envelope) - 1))
    for changed in (envelope[:cut], envelope + envelope[cut:], envelope + "A", envelope + "\n"):
        with pytest.raises((EnvelopeBroken, KeyMissing)):
            unseal(RING, changed, about="a")


@given(st.text(max_size=200))
def test_any_text_is_refused_in_words_of_the_tree(text: str) -> None:
    with pytest.raises((EnvelopeBroken, KeyMissing)):
        unseal(RING, text, about="a")


@given(st.binary(max_size=60))
def test_an_envelope_given_another_keys_name_does_not_open(plaintext: bytes) -> None:
    envelope = seal(RING, plaintext, about="a").replace("v1:new:", "v1:old:")
    with pytest.raises(EnvelopeBroken):
        unseal(RING, envelope, about="a")
    with pytest.raises(KeyMissing, match="gone; in the ring are new, old"):
        unseal(RING, envelope.replace("v1:old:", "v1:gone:"), about="a")


@given(st.binary(max_size=60))
def test_rotation_keeps_old_envelopes_open_and_seals_with_the_new_key(plaintext: bytes) -> None:
    before = KeyRing({"old": b"o" * 32})
    envelope = seal(before, plaintext, about="a")
    assert unseal(RING, envelope, about="a") == plaintext
    renewed = Vault(RING).reseal(envelope, about="a")
    assert key_id_of(renewed) == "new"
    assert Vault(RING).reseal(renewed, about="a") == renewed
    with pytest.raises(KeyMissing):
        unseal(before, renewed, about="a")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_neither_plaintext_nor_key_is_in_any_representation_or_error(
    before: bytes, after: bytes
) -> None:
    vault = Vault(KeyRing({"k": MARK + MARK}))
    envelope = vault.seal(before + MARK + after, about="a")
    shown = [repr(vault), str(vault), repr(KeyRing({"k": MARK + MARK})), envelope]
    for wrong in (envelope[:-4], envelope.replace("v1:k", "v1:q"), "x"):
        with pytest.raises(VaultError) as caught:
            vault.unseal(wrong, about="a")
        shown += [str(caught.value), repr(caught.value)]
    assert not any("never-to-be-seen" in text for text in shown)


@given(st.text(max_size=120))
def test_a_wrong_master_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(VaultError) as caught:
        parse_ring(text)
    # Whatever was given, the sentence is one of two, and only the key's number varies.
    assert re.sub(r"key \d+", "key N", str(caught.value)) in REFUSALS


@given(st.text(max_size=60), st.text(max_size=60))
def test_pseudonyms_are_stable_and_tell_tenants_apart(listener: str, other: str) -> None:
    vault = Vault(RING)
    mine = vault.pseudonym(TenantId("a"), listener)
    assert mine == Vault(RING).pseudonym(TenantId("a"), listener)
    assert mine != vault.pseudonym(TenantId("b"), listener)
    assert (mine == vault.pseudonym(TenantId("a"), other)) is (listener == other)
    assert mine != Vault(KeyRing({"old": b"x" * 32})).pseudonym(TenantId("a"), listener)
    assert re.fullmatch(r"p_[0-9a-f]{32}", mine)


def test_a_secret_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        seal(RING, b"x" * (PLAINTEXT_BYTES_MAX + 1), about="a")


def test_the_same_secret_never_looks_the_same_twice() -> None:
    assert seal(RING, b"x", about="a") != seal(RING, b"x", about="a")
