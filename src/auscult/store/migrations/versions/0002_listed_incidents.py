"""Incidents as the list shows them, beside the whole; and the list of one service by an index.

Rows from before keep an empty `listed`, and are listed whole until they change.

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
    op.add_column("incidents", sa.Column("listed", sa.Text, nullable=False, server_default=""))
    order = [sa.text(term) for term in ("tenant", "service", "rank", "opened_ms DESC", "id DESC")]
    op.create_index("incidents_service", "incidents", order)
