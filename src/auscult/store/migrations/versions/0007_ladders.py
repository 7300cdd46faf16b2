"""Ladders of codecs that were advised, and what came of each.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APP = "auscult_app"
LATE = ("advice", "undo")
"""Columns that are filled after the row is there."""


def upgrade() -> None:
    """Create the table, and its lock on PostgreSQL, in the transaction of the caller."""
    op.create_table(
        "ladders",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tenant", "id", "state")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("started_ms", "updated_ms")),
        sa.Column("body", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in LATE),
        sa.PrimaryKeyConstraint("tenant", "id", name="ladders_pk"),
        sa.CheckConstraint("tenant <> ''", name="ladders_tenant_named"),
    )
    op.create_index("ladders_started", "ladders", ["tenant", "started_ms"])
    if op.get_bind().dialect.name == "postgresql":
        own = "tenant = current_setting('app.tenant', true)"
        op.execute("ALTER TABLE ladders ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE ladders FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON ladders TO {APP} USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ladders TO {APP}")
