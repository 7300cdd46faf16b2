"""PostgreSQL as the store: the URL's user owns and migrates, two lesser roles do the work.

`auscult_app` sees one tenant at a time, by forced row-level security. `auscult_dispatcher` sees the
narrow tables of every tenant. Both are put on for one transaction only, and can neither log in nor
own anything.
"""

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from auscult.kernel.errors import SettingError
from auscult.store.statements import APP_ROLE, DISPATCHER_ROLE

CONNECT_TIMEOUT_S = 5
CONNECT_WAIT_S = 10.0
WRITERS_MAX = 4
READERS_MAX = 8
ROLES = (APP_ROLE, DISPATCHER_ROLE)

_SESSION = "SET lock_timeout='10s'; SET statement_timeout='60s'; SET client_encoding='UTF8'"
_CREATE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN NOINHERIT;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_STANDING = text(
    "SELECT rolname, rolsuper OR rolbypassrls OR rolcanlogin AS is_strong,"
    " pg_has_role(current_user, oid, 'MEMBER') AS is_ours"
    " FROM pg_roles WHERE rolname IN (:app, :dispatcher)"
)
_MAY_CREATE = text(
    "SELECT rolsuper OR rolcreaterole, current_user FROM pg_roles WHERE rolname = current_user"
)


def open_engines(url: URL) -> tuple[Engine, Engine]:
    """Return (writer, reader), connected to when they are first used."""
    url = url.set(drivername="postgresql+psycopg")
    return _engine(url, writes=True), _engine(url, writes=False)


def _engine(url: URL, *, writes: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=WRITERS_MAX if writes else READERS_MAX,
        max_overflow=0,
        pool_timeout=CONNECT_WAIT_S,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "auscult"},
    )

    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's
        connection.autocommit = True
        connection.execute(_SESSION)
        connection.autocommit = False
        connection.read_only = not writes

    event.listen(engine, "connect", prepare)
    return engine


def prepare_roles(connection: Connection) -> None:
    """Create the two roles where they are missing; raises `SettingError` saying what to grant."""
    standing = _standing(connection)
    may_create, user = connection.execute(_MAY_CREATE).one()
    for role in ROLES:
        if role not in standing:
            if not may_create:
                raise SettingError(_advice(user, f"the role {role} does not exist"))
            connection.exec_driver_sql(_CREATE.format(role=role))
        if not _standing(connection)[role][1]:
            if not may_create:
                raise SettingError(_advice(user, f"{user} is not a member of {role}"))
            connection.exec_driver_sql(f'GRANT {role} TO "{user.replace(chr(34), chr(34) * 2)}"')
    for role, (is_strong, _) in _standing(connection).items():
        if is_strong:
            raise SettingError(f"{role} must be NOLOGIN NOSUPERUSER NOBYPASSRLS: it isolates")


def _standing(connection: Connection) -> dict[str, tuple[bool, bool]]:
    values = {"app": APP_ROLE, "dispatcher": DISPATCHER_ROLE}
    found = connection.execute(_STANDING, values).all()
    return {row.rolname: (row.is_strong, row.is_ours) for row in found}


def _advice(user: str, why: str) -> str:
    return (
        f"{why}, and {user} may not create roles. As an administrator of the database: "
        f"CREATE ROLE {APP_ROLE} NOLOGIN; CREATE ROLE {DISPATCHER_ROLE} NOLOGIN; "
        f'GRANT {APP_ROLE}, {DISPATCHER_ROLE} TO "{user}"'
    )
