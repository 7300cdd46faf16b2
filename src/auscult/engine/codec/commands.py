"""The operator's commands: no shell, no input, a session of their own, bounded in time."""

import asyncio
import subprocess
import tempfile

from auscult.kernel.errors import ReceiverRefused

WORDS_CHARS_MAX = 300


async def run_command(command: list[str], timeout_s: float) -> None:
    """Run one command; raises `ReceiverRefused` where it did not succeed.

    Where this is cancelled, the command is killed.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as why:
            raise ReceiverRefused(f"{command[0]}: {why.strerror}") from None
        try:
            code = await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            raise ReceiverRefused(f"{command[0]} did not end within {timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
        if code:
            said.seek(0)
            words = " ".join(said.read(1 << 16).decode(errors="replace").split())
            raise ReceiverRefused(f"{command[0]} ended with {code}: {words[-WORDS_CHARS_MAX:]}")
