"""How many attempts at an effect surely reached nobody; of those from before nobody knows.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, in the transaction of the caller."""
    vain = sa.Column("in_vain", sa.Integer, nullable=False, server_default="0")
    op.add_column("effects", vain)
