"""Alerts, the groups they are told in, what inhibits, and silences.

Revision ID: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APP = "auscult_app"
TABLES = ("alerts", "alert_groups", "alert_members", "alert_sources", "silences")


def upgrade() -> None:
    """Create the tables, and their locks on PostgreSQL, in the transaction of the caller."""
    spans = tuple(map(_time, ("starts_ms", "ends_ms", "updated_ms")))
    _create("alerts", ("fingerprint",), *spans, _flag("is_timed"), _time("inside"), _text("body"))
    outside = sa.text("inside = 0")
    op.create_index(
        "alerts_over",
        "alerts",
        ["tenant", "ends_ms"],
        sqlite_where=outside,
        postgresql_where=outside,
    )
    _create("alert_groups", ("id",), _time("next_ms"), _flag("has_flushed"), _text("body"))
    _create("alert_members", ("group_id", "fingerprint"))
    op.create_index("alert_members_alert", "alert_members", ["tenant", "fingerprint"])
    _create("alert_sources", ("place", "fingerprint"))
    op.create_index("alert_sources_alert", "alert_sources", ["tenant", "fingerprint"])
    _create("silences", ("id",), *map(_time, ("starts_ms", "ends_ms", "updated_ms")), _text("body"))
    op.create_index("silences_ends", "silences", ["tenant", "ends_ms"])
    if op.get_bind().dialect.name == "postgresql":
        own = "tenant = current_setting('app.tenant', true)"
        for name in TABLES:
            op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY own_tenant ON {name} TO {APP} USING ({own}) WITH CHECK ({own})"
            )
            op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP}")


def _create(name: str, key: tuple[str, ...], *more: sa.Column[Any]) -> None:
    """Create a tenant's table; one that is nothing but its key is kept once, in its order."""
    op.create_table(
        name,
        *map(_text, ("tenant", *key)),
        *more,
        sa.PrimaryKeyConstraint("tenant", *key, name=f"{name}_pk"),
        sa.CheckConstraint("tenant <> ''", name=f"{name}_tenant_named"),
        sqlite_with_rowid=bool(more),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
