"""Which database an address names, and whether it can be one at all; nothing is opened."""

from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from auscult.kernel.errors import SettingError

BACKENDS = ("sqlite", "postgresql")


def read_address(text: str) -> URL:
    """Return the parts of `sqlite:///FILE` or `postgresql://…`.

    Raises `SettingError` for what is no URL, another database, SQLite without a file, and
    PostgreSQL where its driver is not installed.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingError("store.url is not a URL") from None
    backend = url.get_backend_name()
    if backend not in BACKENDS:
        raise SettingError(f"store.url: {backend!r}; there are {' and '.join(BACKENDS)}")
    if backend == "sqlite" and (not url.database or url.database == ":memory:"):
        raise SettingError("store.url: SQLite needs a file, as in sqlite:///var/auscult.db")
    if backend == "postgresql" and find_spec("psycopg") is None:
        raise SettingError(
            "store.url: PostgreSQL needs psycopg, auscult's extra `postgres`: "
            "uv pip install 'psycopg[binary]'"
        )
    return url
