"""What may change of a silence, and what makes another of it: the past stays as it was.

Source of the semantics: `silence/silence.go` of Alertmanager 0.25.
"""

from auscult.kernel.alerts import Silence, SilenceState

SECOND_MS = 1_000


def change(
    before: Silence | None, wanted: Silence, *, new_id: str, now_ms: int
) -> tuple[Silence, Silence | None]:
    """Return the silence as it will be, and the one before where that ends by it.

    One that is active keeps its matchers and its beginning; where those are to be others, it ends
    and another begins.
    """
    wanted = wanted.model_copy(update={"updated_ms": now_ms})
    if before is not None and _may_change(before, wanted, now_ms):
        return wanted, None
    made = {"id": new_id, "starts_ms": max(wanted.starts_ms, now_ms)}
    is_over = before is None or before.state(now_ms) is SilenceState.EXPIRED
    ended = None if before is None or is_over else end(before, now_ms)
    return wanted.model_copy(update=made), ended


def end(silence: Silence, now_ms: int) -> Silence:
    """Return a silence ended now; one that has not begun never will."""
    ended: dict[str, int] = {"ends_ms": now_ms, "updated_ms": now_ms}
    if silence.state(now_ms) is SilenceState.PENDING:
        ended["starts_ms"] = now_ms
    return silence.model_copy(update=ended)


def _may_change(before: Silence, wanted: Silence, now_ms: int) -> bool:
    if before.matchers != wanted.matchers:
        return False
    state = before.state(now_ms)
    if state is SilenceState.ACTIVE:
        # Clients write the beginning back with less precision than they read it.
        same = before.starts_ms // SECOND_MS == wanted.starts_ms // SECOND_MS
        return same and wanted.ends_ms >= now_ms
    return state is SilenceState.PENDING and wanted.starts_ms >= now_ms
