"""From settings to plugs: what each tenant configured, made and checked before anything runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from auscult.detection.port import DETECTORS, Detector
from auscult.engine.codec.section import CodecSettings
from auscult.engine.events.steps import Rules
from auscult.incidents.grouping import Neighbours
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.errors import (
    ObjectMissing,
    PlugUnknown,
    ReceiverRefused,
    SettingError,
    VaultError,
)
from auscult.kernel.incidents import Incident
from auscult.kernel.plugs import Plug, Shelf
from auscult.kernel.words import TenantId
from auscult.notification.decide import MuteRule, Route
from auscult.notification.decide.alerts import Alerting
from auscult.notification.messages.samples import sample_incident
from auscult.notification.messages.templates import Preview, Templates, preview
from auscult.notification.oncall import OnCall
from auscult.notification.port import CHANNELS, Channel
from auscult.performance.port import MONITORS, Monitor
from auscult.remediation.decide import Runbook
from auscult.remediation.port import ACTIONS, Action
from auscult.runtime.outbound import Guard
from auscult.runtime.settings import (
    Entry,
    PlugSettings,
    check_channels,
    locate,
    located_error,
)
from auscult.signals.port import SOURCES, Source
from auscult.vault.references import open_secret, resolve_secret

if TYPE_CHECKING:
    from auscult.runtime.settings import Settings, TenantSettings
    from auscult.store import Store
    from auscult.vault import Vault

P = TypeVar("P", bound=Plug)
M = TypeVar("M", bound=BaseModel)
Secrets = Callable[[TenantId, str], str]
"""Turns `env:NAME` and `vault:NAME` into the secret; anything else is the secret itself."""


@dataclass(frozen=True, slots=True)
class TenantPlan:
    """Everything one tenant configured, as objects ready to use."""

    tenant: TenantId
    rules: Rules = field(default_factory=Rules)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    actions: Mapping[str, Action] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    detectors: Mapping[str, Detector] = field(default_factory=dict)
    monitors: Mapping[str, Monitor] = field(default_factory=dict)
    codec: CodecSettings | None = None
    false_pages_per_week: float = 2.0

    def preview(self, incident: Incident | None = None) -> list[Preview]:
        """Return what each channel is told of an incident, or of a sample, as it goes."""
        shown = incident if incident is not None else sample_incident(self.tenant)
        templates, base_url = self.rules.templates, self.rules.base_url
        return preview(templates, tuple(self.channels), shown, base_url=base_url)


class Plans:
    """The plans in force; replaced all at once when the settings are read anew."""

    def __init__(self, plans: Mapping[TenantId, TenantPlan]) -> None:
        """Take one plan per configured tenant."""
        self._plans = plans

    def of(self, tenant: TenantId) -> TenantPlan:
        """Return a tenant's plan; raises `ObjectMissing` for one that is not configured."""
        plan = self._plans.get(tenant)
        if plan is None:
            raise ObjectMissing(f"tenant {tenant!r} is not configured")
        return plan

    def find(self, tenant: TenantId) -> TenantPlan | None:
        """Return a tenant's plan; None for one that is not configured."""
        return self._plans.get(tenant)

    def plug_of(self, effect: "Effect") -> str:
        """Return the name of the plug that performs an effect, as its shelf knows it."""
        plan = self._plans.get(effect.tenant)
        plugs: Mapping[str, Plug] = {}
        if plan is not None:
            plugs = plan.channels if effect.kind is EffectKind.NOTIFY else plan.actions
        return plugs[effect.to].plug_name if effect.to in plugs else "none"

    def all(self) -> Iterable[TenantPlan]:
        """Return every tenant's plan."""
        return self._plans.values()

    def amend(self, tenant: TenantId, rules: Rules) -> None:
        """Put other rules in force for one tenant; raises `ObjectMissing`."""
        self._plans = {**self._plans, tenant: replace(self.of(tenant), rules=rules)}

    def replace(self, plans: "Plans") -> None:
        """Put other plans in force, all at once."""
        self._plans = plans._plans  # noqa: SLF001  # one class


def wire(
    settings: "Settings",
    *,
    secrets: Secrets,
    neighbours: Callable[[TenantId], Neighbours],
    base_url: str = "",
) -> Plans:
    """Make every plug that the settings name; raises `SettingError` with file, line and column."""
    check_channels(settings, CHANNELS.names())
    plans = {}
    for tenant, tree in settings.tenants.items():
        bench = _Bench(tenant, secrets)
        channels = {
            name: bench.make(CHANNELS, entry)
            for name, entry in tree.channels.items()
            if settings.allows_channel(entry.use)
        }
        _check_fallbacks(tree)
        _check_hosts(tree, channels, Guard(settings.outbound.allow))
        oncall = _oncall(bench, tree)
        rules = Rules(
            routes=_routes(bench, tree, channels, oncall=oncall),
            oncall=oncall,
            mutes=tuple(bench.read(MuteRule, entry) for entry in tree.mutes),
            alerting=_alerting(bench, tree),
            templates=_templates(bench, tree),
            runbooks=tuple(bench.read(Runbook, entry) for entry in tree.runbooks),
            plan_only=not settings.auto_remediation,
            base_url=base_url,
            neighbours=neighbours(tenant),
        )
        plans[tenant] = _plan(bench, tree, rules, channels=channels)
    return Plans(plans)


def _plan(
    bench: "_Bench", tree: "TenantSettings", rules: Rules, *, channels: Mapping[str, Channel]
) -> TenantPlan:
    return TenantPlan(
        tenant=bench.tenant,
        rules=rules,
        channels=channels,
        actions={
            book.name: bench.make(ACTIONS, entry.plug("action"))
            for book, entry in zip(rules.runbooks, tree.runbooks, strict=True)
        },
        sources=bench.make_named(SOURCES, tree.sources),
        detectors=bench.make_named(DETECTORS, tree.detectors),
        monitors=bench.make_named(MONITORS, tree.monitors),
        codec=bench.read(CodecSettings, tree.codec) if tree.codec else None,
        false_pages_per_week=tree.false_pages_per_week,
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where one tenant's entries are made into plugs."""

    tenant: TenantId
    secrets: Secrets

    def make(self, shelf: Shelf[P], entry: PlugSettings) -> P:
        try:
            kind = shelf.load(entry.use)
        except PlugUnknown as why:
            raise PlugUnknown(f"{locate(entry.place(('use',)))}: {why.detail}") from None
        return self.read(kind, entry)

    def make_named(self, shelf: Shelf[P], entries: Iterable[PlugSettings]) -> dict[str, P]:
        made: dict[str, P] = {}
        for entry in entries:
            name = _free_name(entry, made)
            made[name] = self.make(shelf, entry)
        return made

    def read(self, kind: type[M], entry: Entry) -> M:
        """Return the model an entry describes, its secrets opened."""
        try:
            return kind.model_validate(self._open(entry.settings))
        except ValidationError as why:
            raise located_error(entry, why, model=kind) from None
        except (VaultError, SettingError) as why:
            raise SettingError(f"{locate(entry.origin)}: {why.detail}") from None

    def _open(self, value: Any) -> Any:  # noqa: ANN401  # whatever YAML can hold
        if isinstance(value, str) and value.startswith(("env:", "vault:")):
            return self.secrets(self.tenant, value)
        if isinstance(value, Mapping):
            return {key: self._open(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return tuple(self._open(inner) for inner in value)
        return value


def _check_fallbacks(tree: "TenantSettings") -> None:
    """Refuse a `fallback` that names no other channel; raises `SettingError` with its place."""
    for name, entry in tree.channels.items():
        other = entry.settings.get("fallback", "")
        if other and (other == name or other not in tree.channels):
            known = ", ".join(sorted(tree.channels.keys() - {name})) or "none"
            where = locate(entry.place(("fallback",)))
            raise SettingError(f"{where}: no other channel {other!r}; configured are {known}")


def _check_hosts(tree: "TenantSettings", channels: Mapping[str, Channel], guard: Guard) -> None:
    """Refuse now what would be refused with the first page; raises `SettingError`.

    A name may lead anywhere by then, so only numbers are judged, and this machine's own name.
    """
    for name, channel in channels.items():
        for setting, host in channel.hosts().items():
            try:
                guard.check(["127.0.0.1" if host == "localhost" else host])
            except ValueError:
                continue  # a name
            except ReceiverRefused as why:
                where = locate(tree.channels[name].place((setting,)))
                raise SettingError(f"{where}: {setting}: {why.detail}") from None


def _free_name(entry: PlugSettings, taken: Mapping[str, object]) -> str:
    """Return the entry's name; where only its plug's name tells it, number the second one on."""
    if entry.label not in taken:
        return entry.label
    if entry.name is not None:
        raise SettingError(f"{locate(entry.place(('name',)))}: {entry.name!r} stands twice")
    return f"{entry.use}-{len(taken) + 1}"


def _routes(
    bench: _Bench, tree: "TenantSettings", channels: Mapping[str, Channel], *, oncall: OnCall
) -> tuple[Route, ...]:
    """Return the routes, without the channels that `alert_channels` does not allow."""
    routes = []
    for entry in tree.routes:
        route = bench.read(Route, entry)
        for index, name in enumerate(route.to):
            if name not in tree.channels:
                where = locate(entry.place(("to", index)))
                known = ", ".join(sorted(tree.channels)) or "none"
                raise SettingError(f"{where}: no channel {name!r}; configured are {known}")
        allowed = tuple(name for name in route.to if name in channels)
        if route.policy and route.policy not in oncall.by_name:
            where = locate(entry.place(("policy",)))
            known = ", ".join(sorted(oncall.by_name)) or "none"
            raise SettingError(f"{where}: no policy {route.policy!r}; configured are {known}")
        if allowed or route.policy:
            routes.append(route.model_copy(update={"to": allowed}))
    return tuple(routes)


def _alerting(bench: _Bench, tree: "TenantSettings") -> Alerting:
    """Return how alerts reach people; a channel that is not allowed is refused when it is told."""
    if tree.alerts is None:
        return Alerting()
    alerting = bench.read(Alerting, tree.alerts)
    for index, receiver in enumerate(alerting.receivers):
        for told in receiver.to:
            if told.channel not in tree.channels:
                where = locate(tree.alerts.place(("receivers", index)))
                known = ", ".join(sorted(tree.channels)) or "none"
                why = f"no channel {told.channel!r}; configured are {known}"
                raise SettingError(f"{where}: receiver {receiver.name!r}: {why}")
    return alerting


def _templates(bench: _Bench, tree: "TenantSettings") -> Templates:
    """Return how messages are worded; raises `SettingError` for a channel that there is not."""
    if tree.templates is None:
        return Templates()
    templates = bench.read(Templates, tree.templates)
    for name in templates.channels:
        if name not in tree.channels:
            where = locate(tree.templates.key_place(("channels", name)))
            known = ", ".join(sorted(tree.channels)) or "none"
            raise SettingError(f"{where}: no channel {name!r}; configured are {known}")
    return templates


def _oncall(bench: _Bench, tree: "TenantSettings") -> OnCall:
    """Return who is called; a channel that is not allowed is refused when it is told."""
    if tree.oncall is None:
        return OnCall(policy="")
    oncall = bench.read(OnCall, tree.oncall)
    if not oncall.fallback:
        oncall = oncall.model_copy(update={"fallback": tuple(tree.channels)[:20]})
    known = ", ".join(sorted(tree.channels)) or "none"
    for name in oncall.channels:
        if name not in tree.channels:
            where = locate(tree.oncall.origin)
            raise SettingError(f"{where}: oncall: no channel {name!r}; configured are {known}")
    if oncall.policy and oncall.policy not in oncall.by_name:
        where = locate(tree.oncall.origin)
        raise SettingError(f"{where}: oncall: a channel is needed that tells where nobody is left")
    return oncall


def read_secret(
    reference: str, tenant: TenantId, *, store: "Store", vault: "Vault", environ: Mapping[str, str]
) -> str:
    """Return what `env:NAME` or `vault:NAME` stands for; raises `SettingError` where it is not."""

    def open_named(name: str) -> str | None:
        with store.read() as work:
            envelope = work.of(tenant).secrets.get(name)
        return envelope and open_secret(vault, tenant, name=name, envelope=envelope)

    return resolve_secret(reference, environ=environ, open_named=open_named)
