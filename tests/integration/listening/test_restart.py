"""A standing fault of the sound across a kill with -9: one page, and no end that nobody heard."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.listening.reporting import pages, reporting, until_paged
from tests.product import Product
from tests.receiver import receiving

ORPHANS_S, QUIET_S = 60.0, 20.0
"""After a restart what nobody holds is let go, and an incident that is quiet is over."""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_standing_fault_is_paged_once_and_not_healed_by_a_kill(tmp_path: Path) -> None:
    async with receiving() as receiver:
        tenants = {
            name: {
                "channels": {"ops": {"use": "webhook", "url": f"{receiver.url}/{name}"}},
                "routes": [{"to": ["ops"], "on": ["opened", "resolved"]}],
            }
            for name in ("dead", "silent")
        }
        product = Product(tmp_path, tenants)
        async with reporting(product, *tenants) as (dead, silent):
            await asyncio.to_thread(product.start)
            await asyncio.sleep(6)
            dead.is_dead, silent.level = True, 0.0
            await until_paged(receiver, *tenants, kind="opened", within_s=30)
            await asyncio.sleep(2)
            await asyncio.to_thread(product.kill)
            await asyncio.to_thread(product.start)
            await asyncio.sleep(ORPHANS_S + QUIET_S + 15)
            for name in tenants:
                assert len(pages(receiver, name, "opened")) == 1, "paged once"
                assert not pages(receiver, name, "resolved"), f"{name}: nobody heard it heal"
            dead.is_dead, silent.level = False, 0.1
            await until_paged(receiver, *tenants, kind="resolved", within_s=60)
            for name in tenants:
                assert len(pages(receiver, name, "opened")) == 1
            assert not dead.refused
            assert not silent.refused
        assert await asyncio.to_thread(product.stop) == 0
