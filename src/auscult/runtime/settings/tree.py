"""The settings as one frozen tree; every field here is documented in docs/settings.md."""

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from auscult.kernel.words import TenantId
from auscult.runtime.settings.entries import Entry, Placed, PlugSettings

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def _tenant_name(name: str) -> str:
    if not _TENANT.fullmatch(name):
        raise ValueError("a tenant's name is 1 to 63 of a-z, 0-9 and -, not beginning with -")
    return name


def _channel_name(name: str) -> str:
    if not _CHANNEL.fullmatch(name):
        raise ValueError("a channel's name is 1 to 63 letters, digits and . _ -")
    return name


def _no_text_as_path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("should be a path")
    return value


def _network(text: object) -> IPv4Network | IPv6Network:
    if not isinstance(text, str | IPv4Network | IPv6Network):
        raise ValueError("should be a network, as 10.0.0.0/8 or fd00::/8")  # noqa: TRY004  # pydantic's
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("should be a network, as 10.0.0.0/8 or fd00::/8") from None


SERIES_MAX = 1_000_000
"""As many series as one process holds, of all tenants together (`signals`, `SeriesLimits`)."""

Count = Annotated[int, Strict(), Field(ge=1, le=1_000_000_000)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(max_length=2000)]
Folder = Annotated[Path, BeforeValidator(_no_text_as_path)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
TenantName = Annotated[TenantId, AfterValidator(_tenant_name)]
ChannelName = Annotated[str, AfterValidator(_channel_name)]


class Section(BaseModel):
    """A part of the tree that is not anyone's entry."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServerSettings(Section):
    """Where the page and the API listen."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Strict(), Field(ge=0, le=65535)] = 8080
    loopback_tenant: TenantName | None = None
    public_url: Annotated[str, Strict(), Field(pattern=r"^https?://[^/\s]+$")] | None = None
    tls_certificate: Folder | None = None
    tls_key: Folder | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class StoreSettings(Section):
    """Which database holds what must not be lost."""

    url: Annotated[str, Strict(), Field(min_length=1, max_length=2000)] = Field(
        default="sqlite:///var/auscult.db", repr=False
    )


class LimitSettings(Section):
    """How much is taken before more is refused."""

    series_per_tenant: Annotated[int, Strict(), Field(ge=1, le=SERIES_MAX)] = 200_000
    new_series_per_minute: Count = 60_000
    body_bytes: Count = 16_777_216
    expanded_bytes: Count = 67_108_864
    labels_per_series: Count = 64
    label_bytes: Count = 4096
    facts_waiting: Count = 10_000
    live_clients: Count = 200


class OutboundSettings(Section):
    """Which networks inside messages may go to; the world outside always may be told."""

    allow: tuple[Network, ...] = Field(default=(), max_length=100)


class WatchdogSettings(Section):
    """Who is told outside that auscult can page, and pages when that stays out."""

    url: Annotated[str, Strict(), Field(min_length=1, max_length=2000)] | None = Field(
        default=None, repr=False
    )
    every_s: Annotated[int, Strict(), Field(ge=1, le=3600)] = 30


class TracingSettings(Section):
    """Auscult's own traces."""

    enabled: Flag = False
    otlp_endpoint: Text | None = None
    spans_kept: Annotated[int, Strict(), Field(ge=1, le=100_000)] = 2000


class TenantSettings(Section):
    """What is watched for one tenant, who is told, and what may be healed."""

    false_pages_per_week: Annotated[float, Strict(), Field(ge=0, le=10_000)] = 2
    sources: tuple[PlugSettings, ...] = ()
    detectors: tuple[PlugSettings, ...] = ()
    monitors: tuple[PlugSettings, ...] = ()
    channels: dict[ChannelName, PlugSettings] = Field(default_factory=dict)
    routes: tuple[Entry, ...] = ()
    alerts: Entry | None = None
    templates: Entry | None = None
    oncall: Entry | None = None
    mutes: tuple[Entry, ...] = ()
    runbooks: tuple[Entry, ...] = ()
    codec: Entry | None = None


class Settings(Placed):
    """Everything that can be set; made by `load_settings`, `parse_settings`, or in code."""

    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    data_dir: Folder = Path("var")
    monitoring_enabled: Flag = True
    ai_anomaly_detection: Flag = True
    auto_remediation: Flag = True
    alert_channels: tuple[Text, ...] | None = None
    tenant_isolation: Annotated[str, Strict(), Field(pattern=r"^[a-z][a-z_-]{0,31}$")] = "strict"
    limits: LimitSettings = LimitSettings()
    outbound: OutboundSettings = OutboundSettings()
    tracing: TracingSettings = TracingSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    defaults: TenantSettings = TenantSettings()
    tenants: dict[TenantName, TenantSettings] = Field(default_factory=dict)

    def allows_channel(self, use: str) -> bool:
        """Say whether channels of this plug may be used (`alert_channels`)."""
        return self.alert_channels is None or use in self.alert_channels
