"""What the surface asks of the engine: the whole border between the two, on one screen.

The surface is written and tested against this protocol; `auscult.engine.Engine` fulfils it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from auscult.engine.events.outbox.deadletters import Replayed
from auscult.engine.inbound import Request
from auscult.engine.wiring import Plans
from auscult.kernel.alerts import Silence
from auscult.kernel.facts import Fact
from auscult.kernel.incidents import Incident
from auscult.kernel.matchers import Matcher
from auscult.kernel.oncall import Takeover
from auscult.kernel.words import Labels, TenantId
from auscult.notification.decide.alerts import Alerting
from auscult.notification.messages.templates import Preview
from auscult.notification.oncall import OnCall
from auscult.runtime.clock import Clock
from auscult.runtime.metrics import Metrics
from auscult.runtime.settings import Settings
from auscult.runtime.settings.effective import SettingChange
from auscult.signals.alerts import Event, Posted
from auscult.signals.columns.intake import Accepted
from auscult.signals.otlp.exports import Export, Rejected
from auscult.signals.players import ReadEvents
from auscult.signals.traces import Trace, TraceQuery, TraceSummary

if TYPE_CHECKING:
    from auscult.store import Credential, Work

T = TypeVar("T")


class Hub(Protocol):
    """The ring of live events."""

    def subscribe(self, tenant: TenantId, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Return ready server-sent-event frames after the given id, then new ones as they come."""

    def close(self) -> None:
        """End every subscription, so that the server can stop."""


class Sealer(Protocol):
    """The part of the vault that makes page sessions."""

    def hash_api_key(self, key: str) -> str:
        """Return the keyed hash by which the store knows a key."""

    def seal(self, plaintext: bytes, *, about: str) -> str:
        """Return an envelope that only this installation can open, for this purpose only."""

    def unseal(self, envelope: str, *, about: str) -> bytes:
        """Return the plaintext; raises `EnvelopeBroken`, `KeyMissing`."""


class SeriesRow(Protocol):
    """One series in a search: who it is, and how its detector stands to it."""

    @property
    def slot(self) -> int:
        """Its number in this process."""

    @property
    def labels(self) -> Labels:
        """Who it is."""

    @property
    def state(self) -> str:
        """`learning`, `watched`, `abnormal`, `silent` or `muted`."""


class SeriesWindow(SeriesRow, Protocol):
    """One series' recent window (columns of one length) and the range that is usual now."""

    @property
    def kind(self) -> str:
        """Gauge, counter, ..."""

    @property
    def at_ms(self) -> list[int]:
        """Times, oldest first."""

    @property
    def value(self) -> list[float | None]:
        """Values; a gap is None."""

    @property
    def usual_low(self) -> float | None:
        """The lower end of what is usual now, where that is known."""

    @property
    def usual_high(self) -> float | None:
        """The upper end."""


class Read(Protocol):
    """What a remote_write body held, as far as it bears on the answer."""

    @property
    def refused_labels(self) -> int:
        """Samples whose series has labels that are not taken."""

    @property
    def refused_cap(self) -> int:
        """Samples of new series for which there was no room, in all or in this minute."""


class Received(Protocol):
    """What became of a remote_write body."""

    @property
    def decoded(self) -> Read:
        """What was refused before it was looked at in time."""

    @property
    def accepted(self) -> Accepted:
        """How many samples were taken, and how many refused for which reason."""


class Telemetry(Protocol):
    """Spans, metrics and log records that come by OTLP, traces made of them, and player events.

    What is received raises `BodyMalformed`, `BodyTooLarge`, `MediaUnsupported`, `QueueFull`.
    """

    async def receive_traces(self, tenant: TenantId, export: Export) -> Rejected:
        """Take spans; return how many were not taken."""

    async def receive_metrics(self, tenant: TenantId, export: Export) -> Rejected:
        """Take data points; return how many were not taken."""

    async def receive_logs(self, tenant: TenantId, export: Export) -> Rejected:
        """Take log records; return how many were not taken."""

    async def receive_players(self, tenant: TenantId, body: bytes) -> ReadEvents:
        """Take a batch of player events (JSON); return what became of it."""

    async def search(self, tenant: TenantId, query: TraceQuery) -> Sequence[TraceSummary]:
        """Return recent traces of which a span is as asked, the newest first."""

    async def trace(self, tenant: TenantId, trace_id: bytes) -> Trace:
        """Return one trace; raises `ObjectMissing`, also for another tenant's trace."""


class Alerts(Protocol):
    """Alerts that others send, and silences."""

    @property
    def started_ms(self) -> int:
        """Since when they are taken in."""

    def alerting(self, tenant: TenantId) -> Alerting:
        """Return how a tenant's alerts reach people."""

    async def receive(self, tenant: TenantId, body: bytes) -> Posted:
        """Make the valid alerts of a body durable; raises `BodyMalformed`, `QueueFull`."""

    async def receive_webhook(self, tenant: TenantId, body: bytes) -> Posted:
        """Do the same with what Alertmanager posts to a webhook."""

    async def receive_event(self, tenant: TenantId, event: Event, *, by: str) -> str:
        """Do what an event of PagerDuty's API says; returns its key, raises `QueueFull`."""

    async def silence(
        self, tenant: TenantId, silence: Silence, *, by: str, incident: str = ""
    ) -> str:
        """Make or change a silence; returns its id, raises `ObjectMissing`."""

    async def expire(self, tenant: TenantId, silence_id: str, *, by: str) -> None:
        """End a silence now; raises `ObjectMissing`."""


class OnCallDesk(Protocol):
    """Who is on call, and who takes over."""

    async def ask(self, tenant: TenantId, question: Callable[[OnCall], T]) -> T:
        """Answer a pure question, takeovers and calendars included; raises what it raises."""

    async def take_over(self, tenant: TenantId, wished: Takeover, *, by: str) -> Takeover:
        """Put somebody on call; raises `ObjectMissing`, `BodyMalformed`, `StateConflict`."""

    async def give_back(self, tenant: TenantId, schedule: str, takeover: str, *, by: str) -> None:
        """End a takeover by its id; raises `ObjectMissing`."""


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
    def settings(self) -> Settings:
        """The effective settings."""

    @property
    def plans(self) -> Plans:
        """What each tenant has decided beforehand, in force now."""

    @property
    def alerts(self) -> Alerts:
        """Alerts and silences."""

    @property
    def oncall(self) -> OnCallDesk:
        """Who is on call."""

    @property
    def telemetry(self) -> Telemetry:
        """Spans, metrics and log records."""

    @property
    def metrics(self) -> Metrics:
        """Auscult's own metrics."""

    async def submit(self, fact: Fact) -> Incident | None:
        """Make a fact durable.

        Raises `QueueFull`, `StoreUnavailable`, `ObjectMissing`, `StateConflict`.
        """

    async def read(self, fn: "Callable[[Work], T]") -> T:
        """Run a read on the store in a reader thread."""

    async def read_answer(
        self, tenant: TenantId, question: Hashable, fn: "Callable[[Work], bytes]"
    ) -> bytes:
        """Return what `fn` reads about a tenant's incidents, from memory until one changes."""

    async def receive_write(self, tenant: TenantId, body: bytes, content_type: str) -> Received:
        """Take a remote_write body; `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""

    def coverage(self, tenant: TenantId) -> dict[str, Any]:
        """Return how many series are in which state, and how each source is."""

    async def standing(self, tenant: TenantId) -> dict[str, Any]:
        """Return how stages and programmes stand, by monitor: what its `standing()` returns."""

    def readiness(self) -> dict[str, Any]:
        """Return `{"ready": bool, ...}` with a word for each part."""

    async def reload(self, by: str) -> Sequence[SettingChange]:
        """Take the settings file anew; returns what changed, raises `SettingError`."""

    async def receive_sound(self, tenant: TenantId, body: bytes) -> None:
        """Take what an agent heard; raises `BodyMalformed`, `BodyTooLarge`, `QueueFull`."""

    async def hear(self, tenant: str, channel: str, request: Request) -> int:
        """Take what a channel's receiver sends; return how many things it asked for.

        Raises `ObjectMissing` for what is not authenticated, `CredentialStale`, `BodyMalformed`.
        """

    async def replay(self, tenant: TenantId, keys: Collection[str], *, by: str) -> Replayed:
        """Send messages again that were given up, all without keys; returns which those are."""

    def preview(self, tenant: TenantId, incident: Incident | None = None) -> Sequence[Preview]:
        """Return what each channel of a tenant is told of an incident, or of a sample."""

    async def authenticate(self, key: str) -> "Credential":
        """Return whose key this is; raises `CredentialMissing`."""

    async def recall(self, key_hash: str) -> "Credential":
        """Return whose key has this hash, if it is still valid; raises `CredentialMissing`."""

    async def search_series(
        self, tenant: TenantId, matchers: tuple[Matcher, ...], *, after: int, limit: int
    ) -> Sequence[SeriesRow]:
        """Return at most `limit` matching series whose slot is greater than `after`, by slot."""

    async def read_series(self, tenant: TenantId, slot: int) -> SeriesWindow:
        """Return one series' window; raises `ObjectMissing`, also for another tenant's slot."""
