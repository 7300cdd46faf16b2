"""A message: what is said about an incident, before any channel gives it its form."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.incidents import ChangeKind, Status
from auscult.kernel.times import rfc3339
from auscult.kernel.words import Severity, TenantId, Word
from auscult.notification.messages.plain import web_link

TITLE_CHARS_MAX = 80
TEXT_CHARS_MAX = 2_000
LINK_CHARS_MAX = 1_000
DEDUP_CHARS_MAX = 255
THREAD_CHARS_MAX = 255


SEEN = frozenset(
    {
        ChangeKind.OPENED,
        ChangeKind.WORSENED,
        ChangeKind.RETURNED,
        ChangeKind.RELEASED,
        ChangeKind.ESCALATED,
    }
)
"""Steps after which somebody is wanted: whoever reads the channel must see them."""


class SoFar(Word):
    """What earlier attempts at a message achieved, where one channel reaches several recipients.

    `left` are those still to be reached (empty: nobody was tried), `reached` says whether anybody
    was, `remark` what people should know of it in the end.
    """

    left: tuple[str, ...] = ()
    reached: bool = False
    remark: str = ""


class AlertsTold(Word):
    """A group of alerts as Alertmanager's webhook (version 4) says it; `alerts` are its objects."""

    group_key: str
    receiver: str
    group_labels: dict[str, str]
    common_labels: dict[str, str]
    common_annotations: dict[str, str]
    external_url: str = ""
    alerts: tuple[dict[str, Any], ...]
    truncated: int = 0

    def as_webhook(self, status: str) -> dict[str, Any]:
        """Return the body that Alertmanager posts; `externalURL` is where auscult's pages are."""
        return {
            "version": "4",
            "groupKey": self.group_key,
            "truncatedAlerts": self.truncated,
            "status": status,
            "receiver": self.receiver,
            "groupLabels": self.group_labels,
            "commonLabels": self.common_labels,
            "commonAnnotations": self.common_annotations,
            "externalURL": self.external_url,
            "alerts": list(self.alerts),
        }


class Digested(Word):
    """One thing in a digest: an incident of low severity, and when it was over, if it was."""

    incident: str
    headline: str = Field(max_length=200)
    severity: Severity
    at_ms: int
    over_ms: int | None = None


class Message(Word):
    """One thing said about one incident; the payload of a `notify` effect.

    `subject` is the title of the incident's first message to this channel: a thread keeps it.
    `dedup_key` is the same for every message about the same incident: a receiver that takes keys
    keeps one alert per incident with it. `link` goes to the web or nowhere, `link_name` says what
    opens there. `fields` are (name, value) pairs for receivers that show
    tables. Where it is about a group of alerts, `alerts` holds them, and `digest` what a digest
    tells of, which is about no one incident. `at_ms` is when the thing said
    happened, not when it is sent.
    `added` are the last lines of the text that stay whatever its wording: who is called, and why.
    `thread` names what belongs together at a receiver where that is less than all about its
    incident: one episode of a group of alerts, from its first alert until all are over. `is_aside`
    says that it wants nobody although its kind does: that some alerts of a group are over.
    `kept` is what earlier messages of the thread left behind at this channel.
    """

    kind: ChangeKind
    incident: str
    tenant: TenantId
    status: Status
    severity: Severity
    headline: str = Field(max_length=200)
    title: str = Field(max_length=TITLE_CHARS_MAX)
    subject: str = Field(default="", max_length=TITLE_CHARS_MAX)
    text: str = Field(max_length=TEXT_CHARS_MAX)
    link: Annotated[str, AfterValidator(web_link)] = Field("", max_length=LINK_CHARS_MAX)
    link_name: str = Field(default="Open the incident", max_length=60)
    dedup_key: str = Field(max_length=DEDUP_CHARS_MAX)
    service: str
    instance: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    opened_ms: int
    at_ms: int
    so_far: SoFar = SoFar()
    alerts: AlertsTold | None = None
    digest: tuple[Digested, ...] = ()
    added: tuple[str, ...] = ()
    thread: str = Field(default="", max_length=THREAD_CHARS_MAX)
    is_aside: bool = False
    kept: dict[str, str] = {}

    def as_effect(self, channel: str, *, key: str, due_ms: int) -> Effect:
        """Return the wish that a channel is told this at a time, under a deterministic key."""
        return Effect(
            key=key,
            tenant=self.tenant,
            kind=EffectKind.NOTIFY,
            plug=channel,
            to=channel,
            verb="send",
            incident=self.incident,
            payload=self.model_dump(mode="json"),
            due_ms=due_ms,
        )

    @property
    def must_be_seen(self) -> bool:
        """Whether it wants somebody, so that a change of what was read already is not enough."""
        return self.kind in SEEN and not self.is_aside

    @property
    def type(self) -> str:
        """The event's name as receivers see it: `incident.opened`, `incident.resolved`, ..."""
        return f"incident.{self.kind}"

    @property
    def timestamp(self) -> str:
        """When it happened, in RFC 3339."""
        return rfc3339(self.at_ms)
