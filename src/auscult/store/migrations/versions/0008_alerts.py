"""Alerts, the groups they are told in, what inhibits, and silences.

Revision ID: 0008
"""

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
    spans = ("starts_ms", "ends_ms", "updated_ms")
    _create("alerts", ("fingerprint",), times=spans, texts=("body",))
    op.create_index("alerts_ends", "alerts", ["tenant", "ends_ms"])
    _create("alert_groups", ("id",), times=("next_ms",), texts=("body",))
    _create("alert_members", ("group_id", "fingerprint"))
    op.create_index("alert_members_alert", "alert_members", ["tenant", "fingerprint"])
    _create("alert_sources", ("place", "fingerprint"))
    op.create_index("alert_sources_alert", "alert_sources", ["tenant", "fingerprint"])
    _create("silences", ("id",), times=spans, texts=("body",))
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


def _create(
    name: str, key: tuple[str, ...], *, times: tuple[str, ...] = (), texts: tuple[str, ...] = ()
) -> None:
    op.create_table(
        name,
        *(sa.Column(column, sa.Text, nullable=False) for column in ("tenant", *key)),
        *(sa.Column(column, sa.BigInteger, nullable=False) for column in times),
        *(sa.Column(column, sa.Text, nullable=False) for column in texts),
        sa.PrimaryKeyConstraint("tenant", *key, name=f"{name}_pk"),
        sa.CheckConstraint("tenant <> ''", name=f"{name}_tenant_named"),
    )
