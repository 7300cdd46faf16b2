"""The seal of an audit row: what it covers, and that it never changes."""

import hashlib
import json
from typing import Any

import pytest

from auscult.store.rows.audit import GENESIS, seal

ROW: dict[str, Any] = {
    "seq": 1,
    "tenant": "acme",
    "at_ms": 5,
    "actor": "auscult",
    "action": "incident.opened",
    "about": "I1",
    "detail": "{}",
}
KNOWN = "f257d87a25fa13d243b41db067fd737f09c6b584021b4dc4b244a1520eb5eca7"
"""Rows sealed long ago must verify for ever: a change here breaks every log there is."""


def test_the_seal_is_sha256_of_the_hash_before_and_the_canonical_row() -> None:
    canonical = json.dumps(ROW, sort_keys=True, separators=(",", ":"))
    assert seal(GENESIS, ROW) == hashlib.sha256(f"{GENESIS}\n{canonical}".encode()).hexdigest()


def test_the_seal_of_a_known_row_stays_what_it_was() -> None:
    assert seal(GENESIS, ROW) == KNOWN


@pytest.mark.parametrize("name", sorted(ROW))
def test_every_column_is_covered(name: str) -> None:
    changed = {**ROW, name: ROW[name] + (1 if isinstance(ROW[name], int) else "x")}
    assert seal(GENESIS, changed) != seal(GENESIS, ROW)


def test_the_row_before_is_covered() -> None:
    assert seal("1" * 64, ROW) != seal(GENESIS, ROW)


def test_the_order_of_columns_says_nothing() -> None:
    assert seal(GENESIS, dict(reversed(ROW.items()))) == seal(GENESIS, ROW)
