"""A store, plans and findings for tests of the engine."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from auscult.engine.events.steps import Rules
from auscult.engine.wiring import Plans, TenantPlan
from auscult.kernel.alerts import Silence
from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.facts import Found
from auscult.kernel.findings import Evidence, Finding, Phase
from auscult.kernel.incidents import ChangeKind
from auscult.kernel.matchers import parse_matcher
from auscult.kernel.words import Severity, Subject, TenantId
from auscult.notification.decide import Route
from auscult.notification.messages import Message, render
from auscult.notification.port import Channel, Delivered
from auscult.runtime.clock import FakeClock
from auscult.runtime.metrics import Metrics
from auscult.store import Store
from tests.story import a_change, an_incident

ACME = TenantId("acme")


class Told(Channel):
    """A channel that raises what it is told to, or keeps the key."""

    _error: BaseException | None = PrivateAttr(default=None)
    _keys: list[str] = PrivateAttr(default_factory=list)
    _remark: str = PrivateAttr(default="")

    @classmethod
    def to_raise(cls, error: BaseException) -> "Told":
        made = cls()
        made._error = error
        return made

    @classmethod
    def to_say(cls, remark: str) -> "Told":
        made = cls()
        made._remark = remark
        return made

    @property
    def keys(self) -> list[str]:
        return self._keys

    async def send(self, message: Message, *, key: str, at_ms: int, http: Any) -> Delivered:
        if self._error is not None:
            raise self._error
        self._keys.append(key)
        return Delivered(remark=self._remark)


@dataclass(slots=True)
class Bench:
    """One tenant `acme` with a channel `ops`, on a store of its own."""

    folder: Path
    rules: Rules = field(
        default_factory=lambda: Rules(
            routes=(Route(to=("ops",), on=(ChangeKind.OPENED, ChangeKind.RESOLVED)),)
        )
    )
    channel: Told = field(default_factory=Told)
    clock: FakeClock = field(default_factory=FakeClock)
    metrics: Metrics = field(default_factory=Metrics)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store.open(f"sqlite:///{self.folder}/bench.db")
        self.store.migrate()
        with self.store.write() as work:
            work.directory.add_tenant(ACME, ACME, self.clock.now_ms())

    @property
    def plans(self) -> Plans:
        plan = TenantPlan(ACME, rules=self.rules, channels={"ops": self.channel})
        return Plans({ACME: plan})

    def count(self, name: str, **labels: str) -> float:
        """Return one of the metrics."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def a_finding(service: str = "encode", phase: Phase = Phase.FIRING, **changed: Any) -> Finding:
    told: dict[str, Any] = {
        "tenant": ACME,
        "fingerprint": f"fp-{service}",
        "subject": Subject(service=service),
        "signal": "latency",
        "seen_by": "scorer",
        "at_ms": FakeClock().now_ms(),
        "phase": phase,
        "score": 6.0,
        "severity": Severity.WARNING,
        "evidence": Evidence(sentence=f"{service} is slow"),
    }
    return Finding(**(told | changed))


def found(service: str = "encode", phase: Phase = Phase.FIRING, **changed: Any) -> Found:
    return Found(finding=a_finding(service, phase, **changed))


def an_effect(**changed: Any) -> Effect:
    told: dict[str, Any] = {
        "key": "i1:opened:1:ops",
        "tenant": ACME,
        "kind": EffectKind.NOTIFY,
        "plug": "ops",
        "to": "ops",
        "verb": "send",
        "incident": "i1",
        "payload": render(an_incident(), a_change(), base_url="").model_dump(mode="json"),
        "due_ms": FakeClock().now_ms(),
    }
    return Effect(**(told | changed))


def silence(bench: Bench, *matchers: str, for_ms: int = 3_600_000) -> Silence:
    """Silence what fulfils the matchers, from now on."""
    now_ms = bench.clock.now_ms()
    made = Silence(
        id="s1",
        matchers=tuple(map(parse_matcher, matchers)),
        starts_ms=now_ms,
        ends_ms=now_ms + for_ms,
        updated_ms=now_ms,
        created_by="ann",
        comment="we move it",
    )
    with bench.store.write() as work:
        work.of(ACME).silences.put(made)
    return made
