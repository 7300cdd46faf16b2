"""The seal of each audit log's head; heads from before have none until `auscult audit seal`.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, in the transaction of the caller."""
    op.add_column("audit_heads", sa.Column("seal", sa.Text, nullable=False, server_default=""))
