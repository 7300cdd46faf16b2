"""Calls put into words: who is called by which message, and what stands on the timeline of it."""

from collections.abc import Collection, Iterable

from auscult.kernel.effects import Effect
from auscult.kernel.incidents import Change, ChangeKind, Incident, Paged
from auscult.kernel.times import duration_words
from auscult.notification.decide.wishes import message_key
from auscult.notification.messages.plain import cut
from auscult.notification.oncall.escalation import Call
from auscult.notification.oncall.resolve import Page

AUSCULT = "auscult"
SENTENCE_CHARS = 500
WHY_CHARS = 1_000


def by_message(pages: Iterable[Page]) -> dict[tuple[str, int], list[Page]]:
    """Return the pages by channel and time: one message calls everybody whom it reaches."""
    found: dict[tuple[str, int], list[Page]] = {}
    for page in pages:
        found.setdefault((page.channel, page.after_ms), []).append(page)
    return found


def why_line(page: Page) -> str:
    """Return why somebody is called, as a line of the message that calls them."""
    return f"Called: {page.person or 'this channel'}, {page.why}."


def say_call(incident: Incident, call: Call, now_ms: int) -> Change:
    """Return a call as a line of the timeline: who, by what, and why just them."""
    called = "; ".join(
        f"{one.person or 'all'} by {one.channel}"
        + (f" in {duration_words(one.after_ms)}" if one.after_ms else "")
        + f" ({one.why})"
        for one in call.pages
    )
    return Change(
        kind=ChangeKind.ESCALATED,
        incident=incident.id,
        at_ms=now_ms,
        actor=AUSCULT,
        sentence=cut(
            f"{call.name} called: {called or 'all of them have it already'}.", SENTENCE_CHARS
        ),
    )


def note_page(page: Page, effect: Effect) -> Paged:
    """Return a page as it is kept on record."""
    return Paged(
        key=effect.key,
        incident=effect.incident,
        person=page.person,
        channel=page.channel,
        due_ms=effect.due_ms,
        why=cut(page.why, WHY_CHARS),
    )


def call_again(effect: Effect, now_ms: int) -> Effect:
    """Return a call under a key of its own, where the one it has was given to an earlier message.

    It is what a call of a channel that was told is: an escalation.
    """
    kind = ChangeKind.ESCALATED
    number = f"again.{now_ms}"
    key = message_key(effect.incident, kind, channel=effect.to, number=number)
    payload = effect.payload | {"kind": kind.value}
    return effect.model_copy(update={"key": key, "payload": payload})


def no_longer(
    later: Iterable[Paged], has_it: Collection[str], *, all_of_them: bool
) -> tuple[str, ...]:
    """Return the keys of pages to come that reach only people who have it, or all."""
    called: dict[str, set[str]] = {}
    for one in later:
        called.setdefault(one.key, set()).add(one.person)
    return tuple(key for key, people in called.items() if all_of_them or people <= set(has_it))
