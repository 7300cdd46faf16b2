"""Who calls whom, learnt from label sets that name a service and its peer.

Instrumented clients, proxies and service meshes label what they measure with the other side:
`upstream`, `peer_service` (OpenTelemetry), `destination_service` (Istio), `client` and `server`
(service graphs made of traces). Each such label set is an edge from the caller to the called.
"""

from auscult.kernel.words import SERVICE_LABELS, Labels

CALLED_LABELS = (
    "upstream",
    "peer_service",
    "destination_service",
    "destination_service_name",
    "server_service",
    "server",
)
"""Labels that name the called side."""

CALLER_LABELS = ("source_service", "source_app", "client_service", "client", "downstream")
"""Labels that name the calling side."""

EDGES_MAX = 5_000
EDGES_OF_SERVICE_MAX = 200


class Topology:
    """The service graph of one tenant; bounded, first come, first kept."""

    def __init__(self) -> None:
        """Begin without an edge."""
        self._calls: dict[str, dict[str, None]] = {}
        self._called_by: dict[str, dict[str, None]] = {}
        self._edges = 0
        self.dropped = 0

    def __len__(self) -> int:
        """Return the number of edges."""
        return self._edges

    def add(self, labels: Labels) -> None:
        """Learn what a label set says; most say nothing."""
        named = dict(labels)
        called, caller = _first(named, CALLED_LABELS), _first(named, CALLER_LABELS)
        if not called and not caller:
            return
        own = _first(named, SERVICE_LABELS)
        self._link(caller or own, called or own)

    def neighbours(self, service: str) -> tuple[str, ...]:
        """Return the services that this one calls, then those that call it; each once."""
        return tuple(
            dict.fromkeys([*self._calls.get(service, ()), *self._called_by.get(service, ())])
        )

    def calls(self, service: str) -> tuple[str, ...]:
        """Return the services that this one calls."""
        return tuple(self._calls.get(service, ()))

    def callers(self, service: str) -> tuple[str, ...]:
        """Return the services that call this one."""
        return tuple(self._called_by.get(service, ()))

    def _link(self, caller: str, called: str) -> None:
        calls = self._calls.get(caller, {})
        if not caller or not called or caller == called or called in calls:
            return
        callers = self._called_by.get(called, {})
        if self._edges >= EDGES_MAX or max(len(calls), len(callers)) >= EDGES_OF_SERVICE_MAX:
            self.dropped += 1
            return
        self._calls.setdefault(caller, {})[called] = None
        self._called_by.setdefault(called, {})[caller] = None
        self._edges += 1


def _first(named: dict[str, str], names: tuple[str, ...]) -> str:
    return next((named[name] for name in names if named.get(name)), "")
