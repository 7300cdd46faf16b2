"""One PostgreSQL server for the whole run, one migrated database or file for each test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from auscult.store import Store
from tests.contract.store.databases import (
    TEMPLATE,
    Database,
    PostgresDatabase,
    Server,
    SqliteDatabase,
)
from tests.contract.store.words import ACME, BETA

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server at AUSCULT_TEST_POSTGRES_URL (an administrator's), or one started here."""
    given = os.environ.get("AUSCULT_TEST_POSTGRES_URL")
    if given:
        server = Server(make_url(given))
        server.prepare()
        yield server
        return
    with own_server() as server:
        yield server


class own_server:  # noqa: N801  # used like a function, in a `with`
    """A server of one's own, which may be stopped; its folder is deleted with it."""

    def __enter__(self) -> Server:
        pytest.importorskip("pgserver", reason="PostgreSQL: `pip install pgserver`")
        self._folder = Path(tempfile.mkdtemp(prefix="auscult-pg-"))
        self._folder.chmod(0o755)  # the server may not run as root, and must get in
        self._server = Server.start(self._folder / "data")
        self._server.prepare()
        return self._server

    def __exit__(self, *_: object) -> None:
        self._server.control("stop")
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    """A migrated database that each test gets a copy of."""
    server.make_named(TEMPLATE)
    store = Store.open(PostgresDatabase(server.admin, TEMPLATE).url)
    store.migrate()
    store.close()
    yield TEMPLATE
    server.drop(TEMPLATE)


@pytest.fixture
def postgres(server: Server, template: str) -> Iterator[PostgresDatabase]:
    database = server.make(template=template)
    yield database
    server.drop(database.name)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A migrated database of either kind."""
    if request.param == "postgresql":
        found: Any = request.getfixturevalue("postgres")
        return found  # type: ignore[no-any-return]  # a fixture by its name
    sqlite = SqliteDatabase(tmp_path / "store.db")
    store = Store.open(sqlite.url)
    store.migrate()
    store.close()
    return sqlite


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A store on either kind of database, with two tenants."""
    store = Store.open(database.url)
    with store.write() as work:
        for tenant in (ACME, BETA):
            work.directory.add_tenant(tenant, tenant.title(), 1)
    yield store
    store.close()
