"""A fault that goes on after a person said it was over is told again, as a story of its own.

The detector that sees it says nothing more until it is markedly worse, so without a second look a
tap on "resolve" would silence a fault for as long as it lasts.
"""

from auscult.kernel.facts import Rang, Timer
from auscult.kernel.findings import Finding, Phase
from auscult.kernel.incidents import Incident
from auscult.kernel.times import duration_words

LOOK_AGAIN_MS = 300_000
"""How long after a person resolved an incident its signals may go on firing before they are told
again: long enough for a repair to show, short enough that a mistake costs little."""

LOOK_TIMER = "look"
SYMPTOM_CHARS = 60
NAME_CHARS = 20


def look_again(incident: Incident, now_ms: int) -> tuple[Timer, ...]:
    """Return a timer for each signal that fires while a person resolves the incident.

    One per fingerprint: the next incident about the same thing that a person resolves moves it.
    """
    return tuple(
        Timer(
            key=f"{LOOK_TIMER}:{signal.fingerprint}",
            tenant=incident.tenant,
            name=LOOK_TIMER,
            about=incident.id,
            due_ms=now_ms + LOOK_AGAIN_MS,
        )
        for signal in incident.signals
        if signal.phase is Phase.FIRING
    )


def looked_at(timer: Timer) -> str | None:
    """Return the fingerprint that a timer asks about; None for a timer that asks nothing."""
    return timer.key.removeprefix(f"{LOOK_TIMER}:") if timer.name == LOOK_TIMER else None


def tell_again(
    rang: Rang, resolved: Incident, last: Finding, *, is_held: bool, now_ms: int
) -> Finding | None:
    """Return the finding to begin a new incident with; None where nothing is left to tell.

    `resolved` is the incident that a person ended, `last` the newest finding in it about what the
    timer asks, `is_held` says whether an open incident tells of that already.
    """
    if is_held or not rang.still_firing or resolved.resolved_ms is None:
        return None
    since = duration_words(now_ms - resolved.resolved_ms)
    by = _cut(resolved.resolved_by, NAME_CHARS)
    symptom = _cut(last.evidence.sentence.rstrip("."), SYMPTOM_CHARS)
    sentence = f"{symptom}, still firing {since} after {by} resolved it"
    evidence = last.evidence.model_copy(update={"sentence": sentence})
    return last.model_copy(update={"at_ms": now_ms, "phase": Phase.FIRING, "evidence": evidence})


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1].rstrip() + "…"
