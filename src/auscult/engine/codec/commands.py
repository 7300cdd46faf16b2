"""The operator's commands: no shell, no input, a session of their own, bounded in time."""

import asyncio
import os
import signal
import subprocess
import tempfile
from contextlib import suppress

from auscult.kernel.errors import ReceiverRefused
from auscult.runtime.settings import process_environment

OWN = "AUSCULT_"
"""Variables of this name are auscult's, its master key among them; no command is given them."""

WORDS_CHARS_MAX = 300


async def run_command(command: list[str], timeout_s: float) -> None:
    """Run one command; raises `ReceiverRefused` where it did not succeed.

    Where this is cancelled, or takes too long, the command is killed with all it has begun.
    """
    given = process_environment().items()
    environ = {name: value for name, value in given if not name.startswith(OWN)}
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                env=environ,
            )
        except OSError as why:
            raise ReceiverRefused(f"{command[0]}: {why.strerror}") from None
        try:
            async with asyncio.timeout(timeout_s):
                code = await process.wait()
        except TimeoutError:
            raise ReceiverRefused(f"{command[0]} did not end within {timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it ended by itself just now
                    os.killpg(process.pid, signal.SIGKILL)
        if code:
            said.seek(0)
            words = " ".join(said.read(1 << 16).decode(errors="replace").split())
            raise ReceiverRefused(f"{command[0]} ended with {code}: {words[-WORDS_CHARS_MAX:]}")
