"""The evidence's window beside the incident and no longer in it; one service's list by an index.

Rows from before keep their window inside, and an empty `evidence`, until they change.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the index, in the transaction of the caller."""
    op.add_column("incidents", sa.Column("evidence", sa.Text, nullable=False, server_default=""))
    order = [sa.text(term) for term in ("tenant", "service", "rank", "opened_ms DESC", "id DESC")]
    op.create_index("incidents_service", "incidents", order)
