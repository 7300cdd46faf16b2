"""A driver's error becomes one of ours, whichever it is."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from auscult.kernel.errors import BodyMalformed, StateConflict, StoreRaced, StoreUnavailable
from auscult.store.databases.refusals import DETAIL_CHARS_MAX, translate


@pytest.mark.parametrize(
    ("kind", "cause", "ours"),
    [
        (
            exc.OperationalError,
            sqlite3.OperationalError("database or disk is full"),
            StoreUnavailable,
        ),
        (exc.IntegrityError, sqlite3.IntegrityError("UNIQUE constraint failed"), StateConflict),
        (exc.OperationalError, psycopg.errors.DeadlockDetected("deadlock"), StoreRaced),
        (exc.OperationalError, psycopg.errors.SerializationFailure("again"), StoreRaced),
        (exc.OperationalError, psycopg.errors.LockNotAvailable("lock timeout"), StoreUnavailable),
        (exc.OperationalError, psycopg.errors.DiskFull("no space"), StoreUnavailable),
        (exc.DataError, psycopg.errors.UntranslatableCharacter("NUL"), BodyMalformed),
        (exc.DataError, psycopg.errors.InvalidParameterValue("no role"), StoreUnavailable),
        (exc.ProgrammingError, psycopg.errors.UndefinedTable("no table"), StoreUnavailable),
    ],
)
def test_each_driver_error_has_its_word(
    kind: type[exc.DBAPIError], cause: Exception, ours: type[Exception]
) -> None:
    assert type(translate(kind("SELECT", {}, cause))) is ours


def test_a_pool_that_gives_no_connection_is_an_unavailable_store() -> None:
    assert type(translate(exc.TimeoutError("pool"))) is StoreUnavailable


def test_the_detail_is_bounded_and_shows_no_values() -> None:
    why = exc.OperationalError("SELECT", {"secret": "hunter2"}, Exception("x\n" * 1_000))
    found = translate(why)
    assert len(found.detail) == DETAIL_CHARS_MAX
    assert "hunter2" not in str(found)
