"""The wire to a supervisord: XML-RPC over a unix socket or HTTP, asynchronous and bounded.

Supervisor's own client waits without a time limit, so the calls are made here (supervisord.org,
"XML-RPC API Documentation").
"""

import base64
import xmlrpc.client
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from auscult.kernel.errors import ReceiverRefused, ReceiverUnavailable

if TYPE_CHECKING:
    import aiohttp

ANSWER_BYTES_MAX = 262_144
OK = 200
SERVER_ERROR = 500

DEAD = frozenset({"STOPPED", "EXITED", "FATAL"})
RUNNING = "RUNNING"

FAULT_SHUTTING_DOWN = 6
FAULT_NO_SUCH_PROCESS = 10
FAULT_ALREADY_STARTED = 60
FAULT_NOT_RUNNING = 70


@dataclass(frozen=True, slots=True)
class Process:
    """A process as its supervisor sees it; `pid` is 0 where there is none."""

    state: str
    pid: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Supervisord:
    """One supervisord; `socket` is the path of its unix socket, else `url` is where it listens."""

    socket: str
    url: str
    login: tuple[str, str] | None
    timeout_s: float

    async def look(self, name: str) -> Process:
        """Return a process as it is now; raises `ReceiverRefused` for an unknown name."""
        said = await self.call("getProcessInfo", name)
        return Process(str(said["statename"]), int(said["pid"]), str(said.get("spawnerr", "")))

    async def start(self, name: str) -> None:
        """Start a process without waiting for it; one that has just started is fine as well."""
        await self.call("startProcess", name, False, fine=FAULT_ALREADY_STARTED)  # noqa: FBT003  # XML-RPC has no names

    async def kill(self, name: str) -> None:
        """Send SIGKILL, which a stopped (SIGSTOP) process dies of too; a dead one is fine."""
        await self.call("signalProcess", name, "KILL", fine=FAULT_NOT_RUNNING)

    async def call(self, method: str, *arguments: Any, fine: int | None = None) -> Any:  # noqa: ANN401  # XML-RPC
        """Call a method of the namespace `supervisor`; a fault with the code `fine` gives None.

        Raises `ReceiverUnavailable` where supervisord cannot be reached, does not answer in time
        or is shutting down, `ReceiverRefused` where it says no.
        """
        body = xmlrpc.client.dumps(arguments, f"supervisor.{method}").encode()
        answer = await self._exchange(body)
        try:
            (said,), _ = xmlrpc.client.loads(answer)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == fine:
                return None
            what = f"supervisord said {fault.faultString} to {method}"
            if fault.faultCode == FAULT_SHUTTING_DOWN:
                raise ReceiverUnavailable(what) from None
            raise ReceiverRefused(what) from None
        except (ExpatError, ValueError, xmlrpc.client.ResponseError):
            raise ReceiverRefused("the answer is not XML-RPC; is this a supervisord?") from None
        return said

    async def _exchange(self, body: bytes) -> bytes:
        import aiohttp

        try:
            async with (
                self._open() as http,
                http.post(
                    "http://localhost/RPC2" if self.socket else f"{self.url.rstrip('/')}/RPC2",
                    data=body,
                    headers={"Content-Type": "text/xml"} | self._login_header(),
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != OK:
                    said = f"supervisord answered {answer.status}"
                    late = answer.status >= SERVER_ERROR
                    raise ReceiverUnavailable(said) if late else ReceiverRefused(said)
                return await _read(answer)
        except TimeoutError:
            slow = f"supervisord gave no answer within {self.timeout_s:g} s"
            raise ReceiverUnavailable(slow) from None
        except (aiohttp.ClientError, OSError) as why:
            gone = f"supervisord cannot be reached ({type(why).__name__})"
            raise ReceiverUnavailable(gone) from None

    def _login_header(self) -> dict[str, str]:
        """Return the header of HTTP's basic authentication (RFC 7617)."""
        if self.login is None:
            return {}
        pair = base64.b64encode(":".join(self.login).encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        connector = aiohttp.UnixConnector(self.socket) if self.socket else aiohttp.TCPConnector()
        timeout = aiohttp.ClientTimeout(total=self.timeout_s)
        return aiohttp.ClientSession(connector=connector, timeout=timeout)


async def _read(answer: "aiohttp.ClientResponse") -> bytes:
    body = b""
    async for piece in answer.content.iter_chunked(65_536):
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            raise ReceiverRefused(f"supervisord's answer is longer than {ANSWER_BYTES_MAX} bytes")
    return body
