"""What the surface asks of the engine: the whole border between the two, on one screen.

The surface is written and tested against this protocol; `auscult.engine.Engine` fulfils it.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from auscult.kernel.facts import Fact
from auscult.kernel.incidents import Incident
from auscult.kernel.matchers import Matcher
from auscult.kernel.words import Labels, TenantId

T = TypeVar("T")


class Credential(Protocol):
    """Who a checked key belongs to; `role` is `admin`, `member` or `writer`."""

    @property
    def tenant(self) -> TenantId:
        """The tenant the key was made for."""

    @property
    def key_id(self) -> str:
        """A name for the key that is no secret."""

    @property
    def role(self) -> str:
        """What the key may do."""


class Clock(Protocol):
    """Time, as the engine has it."""

    def now_ms(self) -> int:
        """Return Unix milliseconds."""

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""


class Hub(Protocol):
    """The ring of live events."""

    def subscribe(self, tenant: TenantId, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Return ready server-sent-event frames after the given id, then new ones as they come."""

    def close(self) -> None:
        """End every subscription, so that the server can stop."""


class Sealer(Protocol):
    """The part of the vault that makes page sessions."""

    def seal(self, plaintext: bytes, *, about: str) -> str:
        """Return an envelope that only this installation can open, for this purpose only."""

    def unseal(self, envelope: str, *, about: str) -> bytes:
        """Return the plaintext; raises `EnvelopeBroken`, `KeyMissing`."""


class IngestResult(Protocol):
    """What became of a remote_write body, for the response headers of version 2.0."""

    @property
    def samples(self) -> int:
        """Samples written."""

    @property
    def histograms(self) -> int:
        """Native histograms written."""

    @property
    def exemplars(self) -> int:
        """Exemplars written."""


class SeriesRow(Protocol):
    """One series in a search: who it is, and how its detector stands to it."""

    slot: int
    labels: Labels
    state: str
    """`watched`, `learning`, `blind` or `abnormal`."""


class SeriesWindow(SeriesRow, Protocol):
    """One series' recent window (columns of one length) and the range that is usual now."""

    kind: str
    at_ms: list[int]
    value: list[float | None]
    usual_low: float | None
    usual_high: float | None


class Engine(Protocol):
    """The running product, seen from above."""

    @property
    def clock(self) -> Clock:
        """What time it is."""

    @property
    def hub(self) -> Hub:
        """Where live events are heard."""

    @property
    def vault(self) -> Sealer:
        """What makes page sessions unforgeable."""

    @property
    def settings(self) -> Any:  # noqa: ANN401  # runtime's settings tree
        """The effective settings."""

    @property
    def metrics(self) -> CollectorRegistry:
        """Auscult's own metrics."""

    async def submit(self, fact: Fact) -> Incident | None:
        """Make a fact durable.

        Raises `QueueFull`, `StoreUnavailable`, `ObjectMissing`, `StateConflict`.
        """

    async def read(self, fn: Callable[[Any], T]) -> T:
        """Run a read on the store in a reader thread."""

    async def receive_write(self, tenant: TenantId, body: bytes, content_type: str) -> IngestResult:
        """Take a remote_write body; `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""

    def coverage(self, tenant: TenantId) -> dict[str, Any]:
        """Return what is watched, learning, blind and capped, and how each source is."""

    def readiness(self) -> dict[str, Any]:
        """Return `{"ready": bool, ...}` with a word for each part."""

    async def reload(self, by: str) -> dict[str, Any]:
        """Take the settings file anew; returns the difference, raises `SettingError`."""

    def describe_settings(self, tenant: TenantId) -> dict[str, Any]:
        """Return the tenant's effective settings with their origins, secrets left out."""

    async def authenticate(self, key: str) -> Credential:
        """Return whose key this is; raises `CredentialMissing`."""

    async def search_series(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, after: int, limit: int
    ) -> Sequence[SeriesRow]:
        """Return at most `limit` matching series whose slot is greater than `after`, by slot."""

    async def read_series(self, tenant: TenantId, slot: int) -> SeriesWindow:
        """Return one series' window; raises `ObjectMissing`, also for another tenant's slot."""
