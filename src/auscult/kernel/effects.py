"""Effects and outcomes: a wish written as a row, and the world's answer to it."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from auscult.kernel.words import TenantId, Word


class EffectKind(StrEnum):
    """Which shelf performs the effect."""

    NOTIFY = "notify"
    ACT = "act"


class Effect(Word):
    """A wish in the outbox, written in the same commit as the state that wants it.

    `key` is deterministic: wishing twice is wishing once, and the receiver that takes keys
    sees the same one at every attempt. `to` names the configured channel (or runbook action),
    `plug` the shelf's file, `verb` what is asked of it (`send`; `plan`, `apply`, `verify`, `undo`).
    """

    key: str = Field(max_length=200)
    tenant: TenantId
    kind: EffectKind
    plug: str
    to: str
    verb: str
    incident: str
    payload: dict[str, Any]
    due_ms: int
    expires_ms: int | None = None


class Result(StrEnum):
    """How an attempt ended: `retry` is tried again, `refused` never."""

    DONE = "done"
    RETRY = "retry"
    REFUSED = "refused"


class Outcome(Word):
    """The world's answer to one attempt of an effect; a fact again.

    `reached_nobody` says that it surely did not arrive, of an attempt that was not done. By
    `is_busy` the receiver is well, and was asked too often.
    """

    key: str
    tenant: TenantId
    result: Result
    reason: str = Field(default="", max_length=500)
    at_ms: int
    retry_after_ms: int | None = None
    is_busy: bool = False
    data: dict[str, Any] = {}
    reached_nobody: bool = False
