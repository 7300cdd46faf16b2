"""Turns that know since when they were owed, and are found tenant by tenant.

Rows from before count as owed since the turn they wait for.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indexes, in the transaction of the caller."""
    owed = sa.Column("owed_since_ms", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("queue", owed)
    op.execute("UPDATE queue SET owed_since_ms = due_ms")
    op.create_index("queue_owed", "queue", ["kind", "owed_since_ms"])
    op.create_index("queue_tenant", "queue", ["kind", "tenant", "due_ms"])
