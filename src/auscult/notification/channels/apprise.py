"""Sends by Apprise to whatever has no channel of its own: 170 receivers more."""

import asyncio
import json
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pydantic import Field, SecretStr, field_validator
from typing_extensions import override

from auscult.kernel.deliveries import judge_status
from auscult.kernel.effects import Result
from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable
from auscult.kernel.incidents import Status
from auscult.kernel.words import Severity
from auscult.notification.messages import Message
from auscult.notification.port import Channel, Delivered, PerMinute
from auscult.runtime.guards import guarded
from auscult.runtime.outbound import guard_of

if TYPE_CHECKING:
    import aiohttp

KIND = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}
FINAL = Result.REFUSED
ANSWER_CHARS_MAX = 10_000


class Apprise(Channel):
    """Sends each message to one address as Apprise writes them, in a process of its own.

    Needs the extra `channels`. Every connection of that process is judged as all others are.
    Apprise says only whether it worked: no edit, no thread, nothing comes back, and an attempt
    that is made again may arrive twice.

    ```yaml
    channels:
      matrix: {use: apprise, url: "env:APPRISE_URL"}
    ```
    """

    per_minute: PerMinute = 20
    url: SecretStr
    timeout_s: float = Field(default=20.0, gt=0, le=40)

    @field_validator("url")
    @classmethod
    def _can_be_sent(cls, url: SecretStr) -> SecretStr:
        if find_spec("apprise") is None:
            raise ValueError("Apprise is not installed: pip install 'auscult[channels]'")
        if "://" not in url.get_secret_value():
            raise ValueError("should be an address of Apprise, as matrix://...")
        return url

    @override
    async def send(
        self, message: Message, *, key: str, at_ms: int, http: "aiohttp.ClientSession"
    ) -> Delivered:
        """Send once, and end the process where that takes too long."""
        over = message.status is Status.RESOLVED
        asked = {
            "url": self.url.get_secret_value(),
            "title": message.title,
            "body": "\n".join(filter(None, (message.text, message.link))),
            "kind": "success" if over else KIND[message.severity],
            "allow": [str(one) for one in guard_of(http).allow],
        }
        told = await self._run(json.dumps(asked).encode())
        if told.get("sent") is True:
            return Delivered()
        status = told.get("status")
        if told.get("unknown"):
            raise ReceiverRefused("this is no address that Apprise may send to")
        if told.get("refused"):
            raise ReceiverRefused(str(told["refused"]))
        if isinstance(status, int) and status and judge_status("webhook", status) is FINAL:
            raise ReceiverRefused(f"apprise was answered {status}")
        raise ReceiverUnavailable(f"apprise could not send it (status {status or 'unknown'})")

    async def _run(self, asked: bytes) -> dict[str, Any]:
        """Return what the process answers; no variable of this one's environment is in it."""
        command = guarded([sys.executable, "-X", "utf8", "-m", "auscult.notification.longtail"])
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            async with asyncio.timeout(self.timeout_s):
                said, _ = await process.communicate(asked)
            told = json.loads(said[-ANSWER_CHARS_MAX:] or b"{}")
        except TimeoutError:
            slow = f"apprise was not done within {self.timeout_s:g} s"
            raise ReceiverUnavailable(slow) from None
        except ValueError:
            raise ReceiverUnavailable("apprise broke off") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return told if isinstance(told, dict) else {}
