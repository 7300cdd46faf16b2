"""What channels learnt from earlier messages about an incident, handed to the next one."""

from collections.abc import Iterable, Mapping
from typing import Any

from auscult.kernel.effects import Effect
from auscult.notification.messages.message import TEXT_CHARS_MAX
from auscult.notification.messages.plain import cut

KEPT_BY = "kept_by"
"""Where an effect's payload holds it: `{channel: {name: value}}`, by the channel that learnt it."""

THREAD = "thread"
"""Where it says to which thread a message belongs."""


def remind(effect: Effect, done: Iterable[Effect]) -> Effect:
    """Return a message's effect with what the messages `done` before it left at their channels.

    What another thread left is none of its business: it would be an edit of what is over. Of two
    that say different things under one name, the later one is right.
    """
    known: dict[str, dict[str, str]] = {}
    thread = effect.payload.get(THREAD, "")
    for one in done:
        if one.payload.get(THREAD, "") != thread:
            continue
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


def instead_of(effect: Effect, channel: str, *, why: str) -> Effect:
    """Return a page as another channel sends it: it says why, and begins with everybody anew."""
    line = f"Told here because {effect.to} {why}."
    payload = {name: value for name, value in effect.payload.items() if name != "so_far"}
    text = cut(f"{line}\n{payload.get('text', '')}", TEXT_CHARS_MAX)
    return effect.model_copy(update={"to": channel, "payload": payload | {"text": text}})


def stand_ins(effects: Iterable[Effect]) -> dict[str, tuple[str, ...]]:
    """Return, by channel, which others have sent its pages about an incident."""
    found: dict[str, tuple[str, ...]] = {}
    for one in effects:
        known = found.get(one.to, ())
        others = (name for name in one.payload.get(KEPT_BY, {}) if name not in {one.to, *known})
        found[one.to] = (*known, *others)
    return {channel: others for channel, others in found.items() if others}


def _with(effect: Effect, kept_by: Mapping[str, Mapping[str, str]]) -> Effect:
    payload = effect.payload | {KEPT_BY: kept_by}
    return effect.model_copy(update={"payload": payload})
