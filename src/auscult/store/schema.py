"""Bring a database to the tables this version needs, by Alembic, in one transaction."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from auscult.kernel.errors import StoreUnavailable
from auscult.store.databases.postgres import prepare_roles
from auscult.store.databases.refusals import translate
from auscult.store.transaction import LOCK_CLASS

_ALONE = select(func.pg_advisory_xact_lock(LOCK_CLASS, 0))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Migrate to the newest tables; replicas that race wait for each other, and find it done.

    Raises `StoreUnavailable`, and `SettingError` where roles are missing on PostgreSQL.
    """
    config = Config()
    config.set_main_option("script_location", str(files("auscult.store") / "migrations"))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_ALONE)
                prepare_roles(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except SQLAlchemyError as why:
        raise translate(why) from why
    except CommandError as why:
        raise StoreUnavailable(f"the database is of another version: {why}") from why
