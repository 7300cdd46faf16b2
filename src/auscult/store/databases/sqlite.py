"""SQLite as the store: one file, write-ahead log, every commit on the disk before it is answered.

The driver's own transaction handling is switched off (`isolation_level=None`): it would begin a
transaction late and deferred, and two writers would meet in the middle (SQLITE_BUSY) instead of
waiting in line. Writers begin with BEGIN IMMEDIATE, readers see a snapshot and may not write.
"""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from auscult.kernel.errors import StoreUnavailable

BUSY_TIMEOUT_MS = 10_000
READERS_MAX = 8
CONNECT_WAIT_S = 10.0
CACHE_KIB = 16_384
WAL_ATTEMPTS = 100
WAL_PAUSE_S = 0.05

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA cache_size=-{CACHE_KIB}",
)


def open_engines(url: URL) -> tuple[Engine, Engine]:
    """Return (writer, reader) of a file; raises `StoreUnavailable`."""
    assert url.database is not None
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)  # the log and the index beside it get the same
    except OSError as why:
        raise StoreUnavailable(f"{url.database}: {why.strerror}") from why
    return _engine(url, writes=True), _engine(url, writes=False)


def _engine(url: URL, *, writes: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=1 if writes else READERS_MAX,
        max_overflow=0,
        pool_timeout=CONNECT_WAIT_S,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
        connection.isolation_level = None
        _switch_to_wal(connection)
        for pragma in (*_PRAGMAS, *(() if writes else ("PRAGMA query_only=ON",))):
            connection.execute(pragma)

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _switch_to_wal(connection: Any) -> None:  # noqa: ANN401  # the driver's
    """Switch the journal, again and again while another does: here SQLite waits for nobody."""
    for attempt in range(WAL_ATTEMPTS, 0, -1):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == 1:
                raise
            time.sleep(WAL_PAUSE_S)
        else:
            return
