"""Whose key it is: a person's name beside each key, empty for keys from before and for machines.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, in the transaction of the caller."""
    op.add_column("credentials", sa.Column("name", sa.Text, nullable=False, server_default=""))
