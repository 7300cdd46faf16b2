"""Rows of alert groups that an earlier version wrote are read."""

from types import SimpleNamespace
from typing import Any

from auscult.store.rows.alerts.groups import _read


def test_what_was_told_before_episodes_were_known_is_still_known() -> None:
    body = '["{}:{}","team",{},1,2,{"chat":[["a"],["b"],5]}]'
    row: Any = SimpleNamespace(id="g", body=body, next_ms=7, has_flushed=1)
    told = _read(row).told["chat"]
    assert (told.firing, told.resolved, told.at_ms) == (frozenset("a"), frozenset("b"), 5)
    assert told.since_ms == 0
