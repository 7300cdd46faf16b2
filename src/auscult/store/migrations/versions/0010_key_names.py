"""Whose key it is: a person's name beside each key, empty for keys from before and for machines.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, in the transaction of the caller."""
    op.add_column("credentials", sa.Column("name", sa.Text, nullable=False, server_default=""))
