"""A secret is given once, sealed, used, and stands nowhere in the clear."""

import asyncio
import base64
import hashlib
import hmac
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.settings.scene import RULE, push
from tests.product import BIN, Product
from tests.receiver import Receiver, receiving

pytestmark = [pytest.mark.timeout(120)]

TENANT = "acme"
KEY = b"thirty-two bytes that nobody knows"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PATH = "/T024-only-the-receiver-knows"


def command(product: Product, *words: str, given: str = "") -> str:
    """Run `auscult WORDS -c FILE` with something on standard input; return what it said."""
    done = subprocess.run(
        [BIN / "auscult", *words, "-c", product.config],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
        timeout=60,
    )
    return done.stdout + done.stderr


def make(folder: Path) -> Product:
    hook = {"use": "webhook", "url": "vault:hook_url", "secret": "vault:hook"}
    tenant: dict[str, Any] = {
        "detectors": [RULE],
        "channels": {"ops": hook},
        "routes": [{"to": ["ops"]}],
    }
    product = Product(folder, {TENANT: tenant})
    product.write_config()
    return product


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """Verify as Standard Webhooks tells receivers to, with no code of the sender."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.digest(KEY, text, hashlib.sha256)).decode()
    return headers.get("webhook-signature") == f"v1,{right}"


async def page(product: Product, receiver: Receiver) -> None:
    """Run the product, break something, and wait for the message."""
    with product:
        key = await asyncio.to_thread(product.key, TENANT)
        assert await asyncio.to_thread(push, product, key, "edge", 1.0) == 204
        for _ in range(200):
            if receiver.got:
                return
            await asyncio.sleep(0.1)
    pytest.fail("no message came")


def everything_in(folder: Path) -> bytes:
    """Return the bytes of every file: settings, database, key ring, snapshots and log."""
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert {"auscult.db", "auscult.log"} <= {one.name for one in files}
    return b"".join(one.read_bytes() for one in files)


async def test_a_sealed_secret_signs_the_message_and_is_nowhere_to_be_read(tmp_path: Path) -> None:
    product = make(tmp_path)
    async with receiving() as receiver:
        said = command(product, "secret", "set", TENANT, "hook", given=f"{SECRET}\n")
        said += command(product, "secret", "set", TENANT, "hook_url", given=receiver.url + PATH)
        said += command(product, "check")
        assert command(product, "secret", "list", TENANT) == "hook\nhook_url\n"
        await page(product, receiver)
    path, headers, body = receiver.got[0]
    assert path == PATH
    assert is_signed(headers, body)
    assert "the chain holds" in command(product, "audit", "verify")
    kept = everything_in(tmp_path) + said.encode()
    for plain in (SECRET.encode(), base64.b64encode(KEY), KEY, PATH.encode()):
        assert plain not in kept
