"""What an action is asked: the payload of an `act` effect, and what a step of a run asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from auscult.kernel.effects import Effect, EffectKind
from auscult.kernel.facts import Timer
from auscult.kernel.runs import Run
from auscult.kernel.words import TenantId, Word

VERBS = ("plan", "apply", "verify", "undo")


class ActionRequest(Word):
    """What an action is asked to see to; `values` fill the templates in its settings.

    `key` is the effect's idempotency key: the same at every attempt of the same step. `scraped`
    are those of the values that are addresses (`host:port`) auscult itself scrapes; None where
    that is not known (yet). It is looked up at each attempt, and never written down.
    """

    key: str = Field(max_length=200)
    run: str
    tenant: TenantId
    incident: str
    runbook: str
    target: str
    values: dict[str, str] = Field(default_factory=dict)
    scraped: frozenset[str] | None = Field(default=None, exclude=True)


@dataclass(frozen=True, slots=True)
class Step:
    """A run after a fact, what it wishes for, and a sentence for the audit log (or none)."""

    run: Run
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """When an effect is due, and after which moment it must not be attempted any more."""

    due_ms: int
    expires_ms: int


def wish_act(run: Run, verb: str, when: When, *, values: Mapping[str, str], number: int) -> Effect:
    """Return the effect that asks a run's action for one verb."""
    key = act_key(run, verb, number)
    request = ActionRequest(
        key=key,
        run=run.id,
        tenant=run.tenant,
        incident=run.incident,
        runbook=run.runbook,
        target=run.target,
        values=dict(values),
    )
    payload: dict[str, Any] = {"run": run.id, "request": request.model_dump(mode="json")}
    payload["plan"] = run.plan.model_dump(mode="json") if run.plan else None
    return Effect(
        key=key,
        tenant=run.tenant,
        kind=EffectKind.ACT,
        plug=run.action,
        to=run.runbook,
        verb=verb,
        incident=run.incident,
        payload=payload,
        due_ms=when.due_ms,
        expires_ms=when.expires_ms,
    )


def act_key(run: Run, verb: str, number: int) -> str:
    """Return the idempotency key of one step of a run."""
    return f"{run.id}:{verb}:{number}"


def wake_run(run: Run, name: str, due_ms: int) -> Timer:
    """Return the timer that wakes a run; a deadline belongs to the state it ends."""
    key = f"{run.id}:{name}:{run.state}" if name == "deadline" else f"{run.id}:{name}"
    return Timer(key=key, tenant=run.tenant, name=name, about=run.id, due_ms=due_ms)
