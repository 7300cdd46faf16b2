"""A post: the monitors of one tenant, what each remembers, and what was said already."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auscult.detection.remarks import Ledger, Remark, Told, fingerprint_of
from auscult.engine.monitoring.kept import KeptMemory, KeptPost, KeptRemark
from auscult.kernel.words import TenantId
from auscult.performance.port import MONITORS, Keeper, Lookout, Monitor, View
from auscult.runtime.logging import logger

if TYPE_CHECKING:
    from auscult.runtime.metrics import Metrics

ENDED_MAX = 1_000

log = logger("engine.monitoring")


@dataclass(slots=True)
class Post:
    """One tenant's. `look` is called by one thread at a time, `configure` and `end` by any."""

    tenant: TenantId
    metrics: "Metrics"
    ledger: Ledger = field(init=False)
    lookouts: dict[str, Lookout] = field(default_factory=dict)
    _monitors: Mapping[str, Monitor] = field(default_factory=dict)
    _wanted: Mapping[str, Monitor] | None = None
    _ended: deque[str] = field(default_factory=lambda: deque(maxlen=ENDED_MAX))
    _memories: dict[str, KeptMemory] = field(default_factory=dict)
    _untold: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with nothing said."""
        self.ledger = Ledger(self.tenant)

    def configure(self, monitors: Mapping[str, Monitor]) -> None:
        """Take the monitors that the settings name; the others look by their defaults."""
        self._wanted = monitors

    def end(self, fingerprints: Iterable[str]) -> None:
        """Let the monitors know, at the next look, that a person ended what they say still."""
        self._ended.extend(fingerprints)

    def look(self, view: View) -> list[Told]:
        """Show every monitor what came in; return what there is to tell."""
        told = self._follow(view.now_ms)
        ended = self.ledger.find({self._ended.popleft() for _ in range(len(self._ended))})
        for name, monitor in self._monitors.items():
            mine = frozenset(key[1:] for key in ended if key[0] == name)
            remarks = self._look_once(name, replace(view, ended=mine))
            if remarks is None:
                continue
            told += self.ledger.hear(
                (name, monitor.plug_name),
                remarks,
                quiet_ms=round(1_000 * monitor.quiet_s),
                now_ms=view.now_ms,
            )
            self._count_untold(name)
        return told

    def keep(self) -> KeptPost:
        """Return what outlasts a restart; between two looks."""
        memories = {name: kept for name in self._monitors if (kept := self._keep_once(name))}
        remarks = tuple(KeptRemark.of(key, known) for key, known in self.ledger.standing())
        return KeptPost(remarks=remarks, memories=memories)

    def _keep_once(self, name: str) -> KeptMemory | None:
        lookout, monitor = self.lookouts.get(name), self._monitors[name]
        if not isinstance(lookout, Keeper):
            return None
        by = {"plug": monitor.plug_name, "version": monitor.memory_version}
        try:
            return KeptMemory.model_validate({**by, "memory": lookout.keep()})
        except Exception as why:  # a monitor that breaks here begins anew at the next start
            log.error("a monitor's memory is not kept", monitor=name, exc_info=why)
            return None

    def resume(self, kept: KeptPost, told: Collection[str], *, now_ms: int) -> None:
        """Take back what was kept, before the first look; of remarks those that were `told`."""
        for remark in kept.remarks:
            if fingerprint_of(self.tenant, remark.key, remark.severity) in told:
                self.ledger.resume(remark.key, remark.open(now_ms))
        self._memories = dict(kept.memories)

    def close(self, now_ms: int) -> list[Told]:
        """Return the end of everything that is open: nobody looks here any more."""
        return self.ledger.drop((), now_ms, over="nobody is asked any more: the tenant is gone")

    def _count_untold(self, name: str) -> None:
        """Count what there is no room to tell, and say when that begins."""
        count = self.ledger.untold[name]
        if not count:
            self._untold.discard(name)
            return
        self.metrics.remarks_untold.labels(monitor=self._monitors[name].plug_name).inc(count)
        if name not in self._untold:
            self._untold.add(name)
            log.error("remarks are not told", monitor=name, tenant=self.tenant, untold=count)

    def _look_once(self, name: str, view: View) -> list[Remark] | None:
        """Return what one monitor says; None where it broke: then nothing is known, or over."""
        monitor = self._monitors[name]
        lookout = self.lookouts.get(name)
        if lookout is None:
            lookout = self.lookouts[name] = self._begin(name, view.now_ms)
        try:
            with self.metrics.look_seconds.labels(monitor=monitor.plug_name).time():
                return list(lookout.look(view))
        except Exception as why:  # a broken monitor begins anew and must not take others along
            if (kept := self._keep_once(name)) is not None:
                self._memories[name] = kept
            del self.lookouts[name]
            self.ledger.forget(name, view.now_ms)
            self.metrics.look_failures.labels(monitor=monitor.plug_name).inc()
            log.error("a monitor broke", monitor=name, tenant=self.tenant, exc_info=why)
            return None

    def _begin(self, name: str, now_ms: int) -> Lookout:
        """Begin a lookout, with what was kept of it across a restart where that can be read."""
        monitor, kept = self._monitors[name], self._memories.pop(name, None)
        if kept is None or (kept.plug, kept.version) != (monitor.plug_name, monitor.memory_version):
            return monitor.begin()
        try:
            return monitor.resume(kept.memory, now_ms=now_ms)
        except Exception as why:  # whatever a plug makes of a memory that is not what it kept
            log.error("a monitor begins anew", monitor=name, tenant=self.tenant, exc_info=why)
            return monitor.begin()

    def _follow(self, now_ms: int) -> list[Told]:
        """Put the wanted monitors in force; what those said that are gone is over."""
        wanted, self._wanted = self._wanted, None
        if wanted is None and self._monitors:
            return []
        monitors = _complete(wanted or {})
        for name, before in self._monitors.items():
            if monitors.get(name) != before:
                self.lookouts.pop(name, None)
        self._monitors = monitors
        return self.ledger.drop(monitors, now_ms)


def _complete(named: Mapping[str, Monitor]) -> dict[str, Monitor]:
    """Return the enabled monitors: those that are named, and every other one by its defaults."""
    used = {monitor.plug_name for monitor in named.values()}
    usual: Iterable[str] = (name for name in MONITORS.names() if name not in used)
    monitors = {**named, **{name: MONITORS.make(name, {}) for name in usual if name not in named}}
    return {name: monitor for name, monitor in monitors.items() if monitor.enabled}
