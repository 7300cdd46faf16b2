"""API keys: whose they are, and how long a revoked one still works."""

from typing import Any

import pytest

from auscult.engine.access import REMEMBERED_S, Access
from auscult.kernel.errors import CredentialMissing
from auscult.vault import Vault
from tests.unit.engine.bench import ACME, Bench


@pytest.fixture
def scene(bench: Bench) -> tuple[Bench, Access, Vault, list[int]]:
    vault = Vault.open(bench.folder / "data", None)
    return bench, Access(vault, clock=bench.clock), vault, []


async def check(scene: tuple[Bench, Access, Vault, list[int]], key: str) -> Any:
    bench, access, _, reads = scene

    async def read(find: Any) -> Any:
        reads.append(1)
        with bench.store.read() as work:
            return find(work)

    return await access.check(key, read)


def add(scene: tuple[Bench, Access, Vault, list[int]], key_id: str) -> str:
    bench, _, vault, _ = scene
    key = vault.new_api_key()
    with bench.store.write() as work:
        work.of(ACME).keys.add(vault.hash_api_key(key), key_id, role="member", now_ms=1)
    return key


async def test_a_key_is_its_tenants_and_is_remembered_for_a_moment(
    scene: tuple[Bench, Access, Vault, list[int]],
) -> None:
    key = add(scene, "one")
    found = [await check(scene, key) for _ in range(100)]
    assert {(one.tenant, one.key_id, one.role) for one in found} == {(ACME, "one", "member")}
    assert len(scene[3]) == 1


async def test_a_wrong_key_is_nobodys_and_is_not_remembered(
    scene: tuple[Bench, Access, Vault, list[int]],
) -> None:
    key = add(scene, "one")
    for wrong in ("", "ak_nobody", key[:-1], key + "x", key.upper()):
        for _ in range(2):
            with pytest.raises(CredentialMissing):
                await check(scene, wrong)
    assert len(scene[3]) == 10


async def test_a_revoked_key_ends_within_what_is_remembered(
    scene: tuple[Bench, Access, Vault, list[int]],
) -> None:
    key, other = add(scene, "one"), add(scene, "two")
    await check(scene, key)
    bench = scene[0]
    with bench.store.write() as work:
        assert work.of(ACME).keys.revoke("one", bench.clock.now_ms())
    bench.clock.advance(s=REMEMBERED_S)
    with pytest.raises(CredentialMissing):
        await check(scene, key)
    assert (await check(scene, other)).key_id == "two"


async def test_a_session_is_known_by_the_hash_of_its_key_and_ends_with_it(
    scene: tuple[Bench, Access, Vault, list[int]],
) -> None:
    key = add(scene, "one")
    bench, access, vault, _ = scene

    async def read(find: Any) -> Any:
        with bench.store.read() as work:
            return find(work)

    hashed = vault.hash_api_key(key)
    assert (await access.recall(hashed, read)).key_id == "one"
    with bench.store.write() as work:
        work.of(ACME).keys.revoke("one", bench.clock.now_ms())
    bench.clock.advance(s=REMEMBERED_S)
    with pytest.raises(CredentialMissing):
        await access.recall(hashed, read)


async def test_a_wall_clock_that_jumps_back_does_not_lengthen_it(
    scene: tuple[Bench, Access, Vault, list[int]],
) -> None:
    key = add(scene, "one")
    await check(scene, key)
    bench = scene[0]
    with bench.store.write() as work:
        work.of(ACME).keys.revoke("one", bench.clock.now_ms())
    bench.clock.jump(-86_400_000)
    bench.clock.advance(s=REMEMBERED_S)
    with pytest.raises(CredentialMissing):
        await check(scene, key)
