"""Who was called to which incident, when, and why.

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
    """Create the table, and its lock on PostgreSQL, in the transaction of the caller."""
    op.create_table(
        "pages",
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("tenant", "key", "person", "incident", "channel")
        ),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", "person", name="pages_pk"),
        sa.CheckConstraint("tenant <> ''", name="pages_tenant_named"),
    )
    op.create_index("pages_incident", "pages", ["tenant", "incident", "due_ms"])
    op.create_index("pages_due", "pages", ["tenant", "due_ms"])
    if op.get_bind().dialect.name == "postgresql":
        own = "tenant = current_setting('app.tenant', true)"
        op.execute("ALTER TABLE pages ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE pages FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON pages TO {APP} USING ({own}) WITH CHECK ({own})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON pages TO {APP}")
