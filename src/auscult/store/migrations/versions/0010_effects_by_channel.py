"""Effects found by the channel they are for, what they say, and who left something in them.

Rows from before are read for it once, where anything may still be asked of them: what is pending,
and what is about an incident that goes on or a group of alerts.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LOCKED = ("effects", "incidents", "alert_groups")
ASKED = """
    WHERE state = 'pending'
    OR incident IN (SELECT i.id FROM incidents AS i
                    WHERE i.tenant = effects.tenant AND i.status <> 'resolved')
    OR incident IN (SELECT g.id FROM alert_groups AS g WHERE g.tenant = effects.tenant)"""
SQLITE = """UPDATE effects SET
    channel = json_extract(body, '$.to'),
    says = CASE WHEN kind = 'notify'
           THEN coalesce(json_extract(body, '$.payload.kind'), '') ELSE '' END,
    left_by = coalesce((SELECT one.key FROM json_each(body, '$.payload.kept_by') AS one
                        LIMIT 1), '')"""
POSTGRESQL = r"""UPDATE effects SET
    channel = BODY ->> 'to',
    says = CASE WHEN kind = 'notify' THEN coalesce(BODY #>> '{payload,kind}', '') ELSE '' END,
    left_by = coalesce((SELECT json_object_keys(BODY #> '{payload,kept_by}') LIMIT 1), '')"""
READABLE = r"replace(body, '\u0000', '\ufffd')::json"
"""PostgreSQL reads no JSON in which a NUL stands."""


def upgrade() -> None:
    """Add the columns, read them, and make the indexes, in the transaction of the caller."""
    for name in ("channel", "says", "left_by"):
        op.add_column("effects", sa.Column(name, sa.Text, nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        _lock("NO FORCE")
        op.execute(POSTGRESQL.replace("BODY", READABLE) + ASKED)
        _lock("FORCE")
    else:
        op.execute(SQLITE + ASKED)
    op.drop_index("effects_incident", "effects")
    op.create_index("effects_incident", "effects", ["tenant", "incident", "says"])
    op.drop_index("effects_pending", "effects")
    pending = sa.text("state = 'pending'")
    op.create_index(
        "effects_pending",
        "effects",
        ["tenant", "incident", "channel", "due_ms"],
        sqlite_where=pending,
        postgresql_where=pending,
    )


def _lock(how: str) -> None:
    """Let the tables' owner in, or out again: its rows are every tenant's."""
    for table in LOCKED:
        op.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")
