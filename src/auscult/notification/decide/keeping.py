"""What channels learnt from earlier messages about an incident, handed to the next one."""

from collections.abc import Iterable, Mapping
from typing import Any

from auscult.kernel.effects import Effect

KEPT_BY = "kept_by"
"""Where an effect's payload holds it: `{channel: {name: value}}`, by the channel that learnt it."""


def remind(effect: Effect, done: Iterable[Effect]) -> Effect:
    """Return a message's effect with what the messages `done` before it left at their channels.

    Of two that say different things under one name, the later one is right.
    """
    known: dict[str, dict[str, str]] = {}
    for one in done:
        for channel, kept in one.payload.get(KEPT_BY, {}).items():
            known.setdefault(channel, {}).update(kept)
    return _with(effect, known) if known else effect


def learn(effect: Effect, kept_by: Mapping[str, Mapping[str, str]]) -> Effect:
    """Return the effect of a message that was sent, with what this taught its channel."""
    return _with(effect, kept_by)


def payload_for(channel: str, effect: Effect) -> dict[str, Any]:
    """Return the message as one channel is given it: with what that channel itself has kept."""
    payload = {name: value for name, value in effect.payload.items() if name != KEPT_BY}
    return payload | {"kept": effect.payload.get(KEPT_BY, {}).get(channel, {})}


def _with(effect: Effect, kept_by: Mapping[str, Mapping[str, str]]) -> Effect:
    payload = effect.payload | {KEPT_BY: kept_by}
    return effect.model_copy(update={"payload": payload})
