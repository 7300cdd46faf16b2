"""The shapes of Alertmanager's API v2, and of what alerts are sent by, as `api/v2/openapi.yaml`."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from auscult.surface.api.description.errors import ErrorBody, Responses, refusing

TEXT = {"application/json": {"schema": {"type": "string"}}}
REFUSALS: Responses = {
    400: {"description": "What is wrong with the request", "content": TEXT},
    403: {"description": "The key may not do this", "content": TEXT},
    404: {"description": "There is no such thing, for this key; the body is empty"},
    408: {"description": "The body did not arrive in time", "model": ErrorBody},
}
"""Alertmanager's clients read an error as a JSON string."""


class Peer(TypedDict):
    """Another member of a cluster; there is none here."""

    name: str
    address: str


class ClusterTold(TypedDict):
    """Who else answers."""

    name: NotRequired[str]
    status: Literal["ready", "settling", "disabled"]
    peers: list[Peer]


class VersionTold(TypedDict):
    """Which Alertmanager's interface this is."""

    version: str
    revision: str
    branch: str
    buildUser: str
    buildDate: str
    goVersion: str


class ConfigTold(TypedDict):
    """The routes in force, as YAML."""

    original: str


class StatusTold(TypedDict):
    """How it stands; `uptime` is the instant of its start."""

    cluster: ClusterTold
    versionInfo: VersionTold
    config: ConfigTold
    uptime: str


class ReceiverTold(TypedDict):
    """A name that routes send to."""

    name: str


class AlertStatus(TypedDict):
    """Whether anybody is told of it, and what is in the way."""

    state: Literal["unprocessed", "active", "suppressed"]
    silencedBy: list[str]
    inhibitedBy: list[str]


class AlertTold(TypedDict):
    """One alert."""

    labels: dict[str, str]
    annotations: dict[str, str]
    receivers: list[ReceiverTold]
    fingerprint: str
    startsAt: str
    endsAt: str
    updatedAt: str
    generatorURL: NotRequired[str]
    status: AlertStatus


class GroupTold(TypedDict):
    """The alerts that one receiver is told of together."""

    labels: dict[str, str]
    receiver: ReceiverTold
    alerts: list[AlertTold]


class SilenceStatus(TypedDict):
    """Where it stands."""

    state: Literal["active", "pending", "expired"]


class MatcherTold(TypedDict):
    """A condition."""

    name: str
    value: str
    isRegex: bool
    isEqual: bool


class SilenceTold(TypedDict):
    """One silence."""

    id: str
    status: SilenceStatus
    matchers: list[MatcherTold]
    startsAt: str
    endsAt: str
    updatedAt: str
    createdBy: str
    comment: str


class SilenceMade(TypedDict):
    """The id of what was made or changed."""

    silenceID: str


class WebhookTaken(TypedDict):
    """How many alerts were taken, and what is wrong with the others."""

    taken: int
    rejected: list[str]


class EventTaken(TypedDict):
    """What PagerDuty answers."""

    status: Literal["success"]
    message: str
    dedup_key: str


class EventRefused(TypedDict):
    """What PagerDuty answers to what is no event."""

    status: Literal["invalid event"]
    message: str
    errors: list[str]


class EventThrottled(TypedDict):
    """What PagerDuty answers to too much."""

    status: Literal["throttle exceeded"]
    message: str


def taken(said: str, *statuses: int) -> Responses:
    """Return the good answer of a route that answers nothing but its status."""
    return {200: {"description": f"{said}; the body is empty"}, **refusing(*statuses)}
