"""Databases for tests: a SQLite file, or a database of its own on a real PostgreSQL server."""

import itertools
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

OWNER = "auscult_test_owner"
STRANGER = "auscult_test_stranger"
PASSWORD = "only-for-tests"
TEMPLATE = "auscult_test_template"
_numbers = itertools.count(1)


class Database(Protocol):
    """A database of one test, and a way into it that the store does not guard."""

    kind: str

    @property
    def url(self) -> str: ...

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Execute as the owner of the tables and return the rows, [] for none."""


@dataclass
class SqliteDatabase:
    path: Path
    kind: str = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement).fetchall()


@dataclass
class PostgresDatabase:
    admin: URL
    name: str
    user: str = OWNER
    kind: str = "postgresql"

    @property
    def url(self) -> str:
        own = self.admin.set(database=self.name, username=self.user, password=PASSWORD)
        return own.render_as_string(hide_password=False)

    def ask(self, statement: str, *, role: str = "", tenant: str = "") -> Sequence[tuple[Any, ...]]:
        """Execute as the administrator, or as a role and a tenant, and return the rows."""
        with connect(self.admin.set(database=self.name)) as connection:
            if role:
                connection.execute("SELECT set_config('app.tenant', %s, false)", [tenant])
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def connect(url: URL) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


class Server:
    """A PostgreSQL server that makes databases; ours to stop only where we started it."""

    def __init__(self, admin: URL, folder: Path | None = None) -> None:
        self.admin = admin
        self.folder = folder

    @classmethod
    def start(cls, folder: Path) -> "Server":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR
            from pgserver import postgres_server

            started = postgres_server.get_server(folder, cleanup_mode=None)
            return cls(make_url(started.get_uri()), folder)

    def control(self, *words: str) -> None:
        """Run pg_ctl on the server we started."""
        pg_ctl = import_module("pgserver._commands").pg_ctl  # made there at run time

        assert self.folder is not None
        user = "pgserver" if self.folder.owner() == "pgserver" else None
        socket = self.admin.query["host"]
        options = ["-o", f'-h "" -k {socket}', "-l", str(self.folder / "log")]
        more = options if words[0] == "start" else ["-m", "immediate"]
        pg_ctl(["-w", *words, *more], pgdata=self.folder, user=user, timeout=30)

    def prepare(self) -> None:
        """Make the owner, a user who is nothing special and belongs to the store's roles."""
        with connect(self.admin) as connection:
            if self.folder is not None:
                connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the run
                connection.execute("SELECT pg_reload_conf()")
            for role in ("auscult_app", "auscult_dispatcher"):
                self._make_role(connection, role, "NOLOGIN")
            for role in (OWNER, STRANGER):
                self._make_role(connection, role, f"LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(
                sql.SQL("GRANT auscult_app, auscult_dispatcher TO {}").format(sql.Identifier(OWNER))
            )

    def make(self, *, template: str = "template0", user: str = OWNER) -> PostgresDatabase:
        """Make a database that this user owns."""
        name = f"auscult_test_{next(_numbers)}"
        self.make_named(name, template=template, user=user)
        return PostgresDatabase(self.admin, name, user)

    def make_named(self, name: str, *, template: str = "template0", user: str = OWNER) -> None:
        with connect(self.admin) as connection:
            self._drop(connection, name)
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(template), sql.Identifier(user)
                )
            )

    def drop(self, name: str) -> None:
        with connect(self.admin) as connection:
            self._drop(connection, name)

    def _drop(self, connection: Any, name: str) -> None:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def _make_role(self, connection: Any, role: str, what: str) -> None:
        found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if not found:
            connection.execute(f"CREATE ROLE {role} {what}")
