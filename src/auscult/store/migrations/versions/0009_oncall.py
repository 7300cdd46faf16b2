"""Who was called to which incident and why; who took over; what calendars of others said.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

APP = "auscult_app"


def upgrade() -> None:
    """Create the tables, and their locks on PostgreSQL, in the transaction of the caller."""
    op.create_table(
        "pages",
        *_words("tenant", "key", "person", "incident", "channel"),
        *_times("due_ms"),
        *_words("why"),
        sa.PrimaryKeyConstraint("tenant", "key", "person", name="pages_pk"),
        sa.CheckConstraint("tenant <> ''", name="pages_tenant_named"),
    )
    op.create_index("pages_incident", "pages", ["tenant", "incident", "due_ms"])
    op.create_index("pages_due", "pages", ["tenant", "due_ms"])
    op.create_table(
        "takeovers",
        *_words("tenant", "id"),
        *_times("made_ms", "ends_ms"),
        *_words("body"),
        sa.PrimaryKeyConstraint("tenant", "id", name="takeovers_pk"),
        sa.CheckConstraint("tenant <> ''", name="takeovers_tenant_named"),
    )
    op.create_index("takeovers_ends", "takeovers", ["tenant", "ends_ms"])
    op.create_table(
        "calendars",
        *_words("tenant", "schedule", "layer", "source"),
        *_times("read_ms"),
        *_words("text"),
        sa.PrimaryKeyConstraint("tenant", "schedule", "layer", name="calendars_pk"),
        sa.CheckConstraint("tenant <> ''", name="calendars_tenant_named"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("pages", "takeovers", "calendars"):
            _lock(table)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _lock(table: str) -> None:
    own = "tenant = current_setting('app.tenant', true)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_tenant ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP}")
