"""The vault opens with a file or a variable, rotates, and keeps hashes over rotation."""

import base64
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from auscult.kernel.errors import EnvelopeBroken, KeyMissing, VaultError
from auscult.kernel.words import TenantId
from auscult.vault import Vault
from auscult.vault.keyring import FILE_NAME, fingerprint, parse_ring

ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def test_the_ring_is_made_on_first_use_for_nobody_else(tmp_path: Path) -> None:
    first = Vault.open(tmp_path / "var")
    path = tmp_path / "var" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [FILE_NAME]
    envelope = first.seal(b"x", about="a")
    assert Vault.open(tmp_path / "var").unseal(envelope, about="a") == b"x"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_ring_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    Vault.open(tmp_path)
    (tmp_path / FILE_NAME).chmod(mode)
    with pytest.raises(VaultError, match=rf"mode 0{mode:o}\); chmod 600"):
        Vault.open(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"keys": []}', '{"keys": [{"id": "a", "key": "AAAA"}]}', "\xff"]
)
def test_a_broken_ring_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(VaultError, match="not a key ring"):
        Vault.open(tmp_path)
    assert path.read_text(encoding="latin-1") == text


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match=FILE_NAME):
        Vault.open(tmp_path / "file")


def test_many_that_start_at_once_share_one_ring(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: seen.append(Vault.open(tmp_path).key_ids)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(ids == seen[0] for ids in seen)


def test_rotation_keeps_everything_readable_here_and_in_other_processes(tmp_path: Path) -> None:
    here, there = Vault.open(tmp_path), Vault.open(tmp_path)
    old, key_hash = here.seal(b"old", about="a"), here.hash_api_key("ak_x")
    name = here.pseudonym(TenantId("t"), "listener")
    new_id = here.rotate()
    assert here.key_ids == [new_id, *there.key_ids]
    assert here.unseal(old, about="a") == b"old"
    assert there.unseal(here.seal(b"new", about="a"), about="a") == b"new"
    assert there.key_ids == here.key_ids
    assert here.check("ak_x", key_hash)
    assert here.pseudonym(TenantId("t"), "listener") == name
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    vaults = [Vault.open(tmp_path) for _ in range(6)]
    threads = [threading.Thread(target=vault.rotate) for vault in vaults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Vault.open(tmp_path).key_ids) == 7
    sealed = [vault.seal(b"x", about="a") for vault in vaults]
    assert {Vault.open(tmp_path).unseal(one, about="a") for one in sealed} == {b"x"}


def test_resealing_refuses_what_is_broken(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    envelope = vault.seal(b"secret", about="a")
    for about, text in (("b", envelope), ("a", envelope[:-4])):
        with pytest.raises(EnvelopeBroken):
            vault.reseal(text, about=about)


def test_the_variable_takes_the_place_of_the_file(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "none", ONE)
    assert vault.key_ids == [fingerprint(bytes([1]) * 32)]
    assert not (tmp_path / "none").exists()
    with pytest.raises(VaultError, match="AUSCULT_MASTER_KEY"):
        vault.rotate()


def test_the_processs_own_variable_is_not_overlooked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUSCULT_MASTER_KEY", f"mine={ONE}")
    assert Vault.open(tmp_path).key_ids == ["mine"]
    monkeypatch.setenv("AUSCULT_MASTER_KEY", "")
    with pytest.raises(VaultError, match="AUSCULT_MASTER_KEY"):
        Vault.open(tmp_path)


def test_the_variable_may_hold_several_keys_the_active_one_first(tmp_path: Path) -> None:
    old = Vault.open(tmp_path, f"a={ONE}")
    both = Vault.open(tmp_path, f" b={TWO} , a={ONE}")
    assert both.key_ids == ["b", "a"]
    envelope = old.seal(b"x", about="a")
    assert both.unseal(envelope, about="a") == b"x"
    assert both.hash_api_key("k") == old.hash_api_key("k")
    with pytest.raises(KeyMissing):
        old.unseal(both.seal(b"x", about="a"), about="a")


@pytest.mark.parametrize(
    "text", ["", "x", ONE[:-8], f"a={ONE},a={TWO}", f"={ONE}", f"a b={ONE}", f"{ONE},", "é" * 44]
)
def test_a_wrong_variable_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(VaultError) as caught:
        parse_ring(text)
    assert ONE[:-8] not in str(caught.value)


def test_url_safe_and_unpadded_base64_are_the_same_key() -> None:
    raw = bytes([251] * 32)
    forms = (base64.b64encode(raw), base64.urlsafe_b64encode(raw))
    rings = [parse_ring(form.decode()) for form in forms]
    rings += [parse_ring(form.decode().rstrip("=")) for form in forms]
    assert all(ring.keys == {fingerprint(raw): raw} for ring in rings)


def test_api_keys_are_new_each_time_and_known_only_by_their_hash(tmp_path: Path) -> None:
    vault, other = Vault.open(tmp_path / "a"), Vault.open(tmp_path / "b")
    key = vault.new_api_key()
    assert key.startswith("ak_")
    assert len(key) >= 46
    assert key != vault.new_api_key()
    key_hash = vault.hash_api_key(key)
    assert len(key_hash) == 64
    assert vault.check(key, key_hash)
    assert not vault.check(key + "x", key_hash)
    assert not vault.check(key, "é")
    assert other.hash_api_key(key) != key_hash


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    ring = json.loads((tmp_path / FILE_NAME).read_text())["keys"]
    derived = {vault.derive("a"), vault.derive("b"), base64.b64decode(ring[0]["key"])}
    assert len(derived) == 3
    assert vault.derive("a") == vault.derive("a")


def test_a_draft_left_by_a_crash_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / f".{FILE_NAME}.1.aaaa").write_text("half")
    assert Vault.open(tmp_path).key_ids
    assert os.listdir(tmp_path).count(FILE_NAME) == 1  # noqa: PTH208
