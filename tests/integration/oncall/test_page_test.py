"""`auscult page test` pages each channel by the running product; a heartbeat says that it can."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.alertmanager.test_restart import wait_for
from tests.product import BIN, Product, free_port
from tests.receiver import receiving

pytestmark = pytest.mark.timeout(180)


def page_test(product: Product, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "auscult"), "page", "test", "acme", "-c", str(product.config), *words],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


async def test_each_channel_is_paged_and_its_end_told(tmp_path: Path) -> None:
    async with receiving() as receiver:
        dead = free_port()
        channels: dict[str, Any] = {
            "good": {"use": "webhook", "url": f"{receiver.url}/good"},
            "dead": {"use": "webhook", "url": f"http://127.0.0.1:{dead}/dead"},
        }
        product = Product(tmp_path, {"acme": {"channels": channels}})

        def run() -> None:
            with product:
                done = page_test(product)
                assert done.returncode == 1, done.stdout + done.stderr
                said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
                assert said["good"] == "was reached"
                assert said["dead"].startswith("was NOT reached: ")
                wait_for(lambda: len(receiver.got) == 2)
                only = page_test(product, "--channel", "good")
                assert only.returncode == 0, only.stdout + only.stderr
                wrong = page_test(product, "--channel", "none")
                assert wrong.returncode == 2
                assert "no channel 'none' of acme; configured are good, dead" in wrong.stderr

        await asyncio.to_thread(run)
        types = [json.loads(got[2])["type"] for got in receiver.got[:2]]
        assert types == ["incident.opened", "incident.resolved"]
        assert "nothing is wrong" in receiver.got[0][2].decode()


async def test_without_a_running_auscult_it_says_so(tmp_path: Path) -> None:
    channels = {"good": {"use": "console"}}
    product = Product(tmp_path, {"acme": {"channels": channels}})
    product.key("acme")
    script = (
        "from pathlib import Path; from auscult.surface.cli.paging import testing; "
        "testing.PATIENCE_S = 0.5; testing.page_channels(Path(r'''%s'''), 'acme', [])"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script % product.config],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "good was NOT reached: nothing was attempted: is auscult running" in done.stdout


async def test_heartbeats_go_out_while_auscult_can_page(tmp_path: Path) -> None:
    async with receiving() as receiver:
        product = Product(
            tmp_path,
            {"acme": {}},
            extra={"watchdog": {"url": "env:WATCHDOG_URL", "every_s": 1}},
            environ={"WATCHDOG_URL": f"{receiver.url}/beat/secret"},
        )

        def run() -> None:
            with product:
                wait_for(lambda: len(receiver.got) >= 3)
                receiver.answer.status = 500
                wait_for(lambda: "the watchdog is not heard" in product.log.read_text())
                receiver.answer.status = 200
                wait_for(lambda: "the watchdog is heard again" in product.log.read_text())
                product.kill()
                before = len(receiver.got)
                asyncio.run(asyncio.sleep(3))
                assert len(receiver.got) == before, "the dead say nothing"
                assert "secret" not in product.log.read_text()

        await asyncio.to_thread(run)
