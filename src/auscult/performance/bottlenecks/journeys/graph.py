"""Who calls whom, learnt from spans and forgotten when it is no longer seen."""

from collections.abc import Iterable

EDGES_MAX = 2_000
FORGOTTEN_MS = 3_600_000


class CallGraph:
    """Edges from whoever calls, or hands on, to whoever serves, or takes up; by service."""

    def __init__(self) -> None:
        self._seen_ms: dict[tuple[str, str], int] = {}
        self._called: dict[str, list[str]] = {}

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Every (caller, called), sorted."""
        return sorted(self._seen_ms)

    def add(self, edges: Iterable[tuple[str, str]], *, now_ms: int) -> None:
        """Take edges that were seen; beyond `EDGES_MAX` no new ones."""
        for edge in edges:
            if edge not in self._seen_ms:
                if len(self._seen_ms) >= EDGES_MAX:
                    continue
                self._called.setdefault(edge[0], []).append(edge[1])
            self._seen_ms[edge] = now_ms

    def forget(self, now_ms: int) -> None:
        """Forget what was not seen for an hour."""
        for edge in [e for e, seen in self._seen_ms.items() if seen < now_ms - FORGOTTEN_MS]:
            del self._seen_ms[edge]
            self._called[edge[0]].remove(edge[1])

    def called_by(self, service: str) -> list[str]:
        """Return whom a service calls itself."""
        return sorted(self._called.get(service, ()))

    def below(self, service: str) -> set[str]:
        """Return every service that this one waits for, at any remove; not itself."""
        found: set[str] = set()
        waiting = [service]
        while waiting:
            for called in self._called.get(waiting.pop(), ()):
                if called not in found:
                    found.add(called)
                    waiting.append(called)
        return found - {service}

    def order(self, services: Iterable[str]) -> list[str]:
        """Return services in the order of the way: callers before whom they call."""
        wanted = sorted(set(services))
        depth = {one: len(self.below(one) & set(wanted)) for one in wanted}
        return sorted(wanted, key=lambda one: (-depth[one], one))
