"""Sounds and pictures that convinced an observer, kept with their incident.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APP = "auscult_app"


def upgrade() -> None:
    """Create the table, and its lock on PostgreSQL, in the transaction of the caller."""
    op.create_table(
        "exhibits",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("tenant", "incident", "id")),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("signal", "title", "media_type")),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "incident", "id", name="exhibits_pk"),
        sa.CheckConstraint("tenant <> ''", name="exhibits_tenant_named"),
        sa.ForeignKeyConstraint(
            ["tenant", "incident"],
            ["incidents.tenant", "incidents.id"],
            name="exhibits_tenant_incident_incidents",
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        own = "tenant = current_setting('app.tenant', true)"
        op.execute("ALTER TABLE exhibits ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE exhibits FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_tenant ON exhibits TO {APP} USING ({own}) WITH CHECK ({own})"
        )
        op.execute(f"GRANT SELECT, INSERT, DELETE ON exhibits TO {APP}")
