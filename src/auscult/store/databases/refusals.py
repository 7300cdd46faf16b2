"""What a database refuses, said in the words of the one error tree."""

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from auscult.kernel.errors import (
    AuscultError,
    BodyMalformed,
    StateConflict,
    StoreRaced,
    StoreUnavailable,
)

DETAIL_CHARS_MAX = 300
_RACES = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization failure and deadlock: the same work, done again, will succeed."""

_NO_SUCH_ROLE = "22023"
"""What PostgreSQL says to `set_config('role', …)` in a database that was never migrated."""


def translate(why: SQLAlchemyError) -> AuscultError:
    """Return the error of ours that a driver's error means; raise it `from` the driver's."""
    cause = why.orig if isinstance(why, DBAPIError) and why.orig is not None else why
    detail = " ".join(str(cause).split())[:DETAIL_CHARS_MAX]
    if getattr(cause, "sqlstate", None) in _RACES:
        return StoreRaced(detail)
    if isinstance(why, IntegrityError):
        return StateConflict(detail)
    if isinstance(why, DataError) and getattr(cause, "sqlstate", None) != _NO_SUCH_ROLE:
        return BodyMalformed(detail)
    return StoreUnavailable(detail)
