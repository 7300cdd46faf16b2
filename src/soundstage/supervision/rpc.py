"""XML-RPC to supervisord over its unix socket."""

import http.client
import socket
import xmlrpc.client
from typing import Any

from soundstage.errors import NotRunning
from soundstage.plan import GROUP

TIMEOUT_S = 10.0


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket; the host is the socket's path."""

    def connect(self) -> None:
        """Connect to the path instead of a network address."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self.host)


class UnixTransport(xmlrpc.client.Transport):
    """The transport that speaks over that connection."""

    def __init__(self, path: str) -> None:
        """Remember the socket's path."""
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> UnixConnection:  # noqa: ANN401 - as xmlrpc has it
        """Ignore the address of the call: there is one socket."""
        connection = UnixConnection(self._path)
        self._connection = host, connection  # what ``close`` of the transport closes
        return connection


class Supervisor:
    """What soundstage asks of supervisord."""

    def __init__(self, path: str) -> None:
        """Talk to the supervisord behind the socket at ``path``, one connection per call."""
        self._path = path

    def states(self) -> dict[str, tuple[str, int]]:
        """Return (state name, pid) per process; raises ``NotRunning``."""
        rows = self._call("getAllProcessInfo")
        return {row["name"]: (row["statename"], int(row["pid"])) for row in rows}

    def start(self, name: str) -> None:
        """Start a process; it is no error when it already runs."""
        self._call("startProcess", f"{GROUP}:{name}", wait=False, tolerate="ALREADY_STARTED")

    def stop(self, name: str) -> None:
        """Stop a process and wait for it; it is no error when it does not run."""
        self._call("stopProcess", f"{GROUP}:{name}", wait=True, tolerate="NOT_RUNNING")

    def shut_down(self) -> None:
        """Stop everything and supervisord itself."""
        self._call("shutdown")

    def _call(
        self, method: str, *args: object, wait: bool | None = None, tolerate: str = ""
    ) -> Any:  # noqa: ANN401 - as xmlrpc has it
        given = args if wait is None else (*args, wait)
        transport = UnixTransport(self._path)
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1/RPC2", transport) as proxy:
                return getattr(proxy.supervisor, method)(*given)
        except xmlrpc.client.Fault as fault:
            if tolerate and tolerate in fault.faultString:
                return None
            raise NotRunning(f"supervisord refused {method}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning(f"supervisord does not answer: {error}") from error
