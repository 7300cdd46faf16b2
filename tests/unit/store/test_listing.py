"""A cursor says where a page ended, and nothing but our own is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from auscult.kernel.errors import BodyMalformed
from auscult.store.rows.listing import read_cursor, write_cursor

INTEGERS = some.integers(-(2**63) + 1, 2**63 - 1)
IDS = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@given(INTEGERS, INTEGERS, IDS)
def test_a_cursor_comes_back_as_it_was(rank: int, opened_ms: int, last: str) -> None:
    assert read_cursor(write_cursor((rank, opened_ms, last))) == (rank, opened_ms, last)


@given(some.text(max_size=500))
def test_anything_else_is_refused_or_is_a_cursor(text: str) -> None:
    try:
        rank, opened_ms, last = read_cursor(text)
    except BodyMalformed:
        return
    assert (type(rank), type(opened_ms), type(last)) == (int, int, str)


def test_a_cursor_is_safe_in_a_url() -> None:
    assert write_cursor((1, 2, "???>>>")).replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["", "W10", "[1,2,3]", "[" * 5_000])
def test_a_list_of_other_things_is_refused(text: str) -> None:
    with pytest.raises(BodyMalformed):
        read_cursor(text)
