"""The first tables, their locks and their roles.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APP, DISPATCHER = "auscult_app", "auscult_dispatcher"

# Table -> (columns, primary key). A column is text; `_ms`, `seq` and `rows` are 64-bit integers,
# `rank`, `version` and attempts 32-bit; `?` marks one that may be null.
TABLES = {
    "tenants": ("tenant name added_ms", "tenant"),
    "credentials": ("key_hash tenant key_id role added_ms revoked_ms?", "key_hash"),
    "queue": ("kind tenant key due_ms owner lease_until_ms attempt", "kind tenant key"),
    "incidents": (
        (
            "tenant id status severity rank service headline opened_ms updated_ms resolved_ms?"
            " version body"
        ),
        "tenant id",
    ),
    "incident_fingerprints": ("tenant fingerprint incident", "tenant fingerprint"),
    "findings": ("tenant incident at_ms fingerprint body", "tenant incident at_ms fingerprint"),
    "effects": (
        "tenant key kind incident due_ms state attempts last_reason updated_ms body",
        "tenant key",
    ),
    "timers": ("tenant key about due_ms body", "tenant key"),
    "runs": ("tenant id incident runbook state started_ms updated_ms body", "tenant id"),
    "audit": ("tenant seq at_ms actor action about detail hash", "tenant seq"),
    "audit_heads": ("tenant rows hash", "tenant"),
    "secrets": ("tenant name envelope", "tenant name"),
}
OF_INCIDENT = ("incident_fingerprints", "findings")

# Index -> (table, columns, condition).
INDEXES = {
    "queue_due": ("queue", "kind due_ms", None),
    "queue_lease": ("queue", "kind lease_until_ms due_ms", None),
    "incidents_list": ("incidents", "tenant rank opened_ms- id-", None),
    "incidents_live": ("incidents", "tenant updated_ms- id-", "status <> 'resolved'"),
    "incident_fingerprints_incident": ("incident_fingerprints", "tenant incident", None),
    "effects_incident": ("effects", "tenant incident", None),
    "effects_pending": ("effects", "tenant", "state = 'pending'"),
    "runs_incident": ("runs", "tenant incident", None),
    "runs_started": ("runs", "tenant started_ms", None),
    "audit_about": ("audit", "tenant about seq", None),
}

# What the application may do with its own tenant's rows, and the dispatcher with everyone's.
GRANTS = {
    APP: {
        "tenants": "SELECT",
        "audit": "SELECT, INSERT",
        "audit_heads": "SELECT, INSERT, UPDATE",
    },
    DISPATCHER: {
        "tenants": "SELECT, INSERT, UPDATE",
        "credentials": "SELECT",
        "queue": "SELECT, UPDATE",
    },
}


def upgrade() -> None:
    """Create everything, in the transaction of the caller."""
    for name in TABLES:
        _create(name)
    op.create_index("credentials_key_id", "credentials", ["tenant", "key_id"], unique=True)
    for index, (table, columns, condition) in INDEXES.items():
        where = sa.text(condition) if condition else None
        terms = [sa.text(f"{one[:-1]} DESC") if one[-1] == "-" else one for one in columns.split()]
        op.create_index(index, table, terms, sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        _isolate()
        _seal_postgres()
    else:
        _seal_sqlite()


def _create(table: str) -> None:
    columns, keys = TABLES[table]
    parts: list[sa.schema.SchemaItem] = [
        sa.Column(one.rstrip("?"), _type(one.rstrip("?")), nullable=one.endswith("?"))
        for one in columns.split()
    ]
    parts.append(sa.PrimaryKeyConstraint(*keys.split(), name=f"{table}_pk"))
    parts.append(sa.CheckConstraint("tenant <> ''", name=f"{table}_tenant_named"))
    if table in OF_INCIDENT:
        parts.append(
            sa.ForeignKeyConstraint(
                ["tenant", "incident"],
                ["incidents.tenant", "incidents.id"],
                name=f"{table}_tenant_incident_incidents",
            )
        )
    op.create_table(table, *parts)


def _type(column: str) -> sa.types.TypeEngine[int] | sa.types.TypeEngine[str]:
    if column.endswith("_ms") or column in {"seq", "rows"}:
        return sa.BigInteger()
    return sa.Integer() if column in {"rank", "attempt", "attempts", "version"} else sa.Text()


def _isolate() -> None:
    """Force row-level security on every table, the owner included."""
    schema = op.get_bind().dialect.identifier_preparer.quote(
        op.get_bind().execute(sa.text("SELECT current_schema()")).scalar_one()
    )
    op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {APP}, {DISPATCHER}")
    own = "tenant = current_setting('app.tenant', true)"
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_tenant ON {table} TO {APP} USING ({own}) WITH CHECK ({own})")
        rights = GRANTS[APP].get(table, "SELECT, INSERT, UPDATE, DELETE")
        op.execute(f"GRANT {rights} ON {table} TO {APP}")
    for table, rights in GRANTS[DISPATCHER].items():
        op.execute(
            f"CREATE POLICY every_tenant ON {table} TO {DISPATCHER} USING (true) WITH CHECK (true)"
        )
        op.execute(f"GRANT {rights} ON {table} TO {DISPATCHER}")


def _seal_postgres() -> None:
    """Let nobody, the owner included, change or delete what the audit log says."""
    op.execute(
        "CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
    )
    for table, what in (("audit", "UPDATE OR DELETE"), ("audit_heads", "DELETE")):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {what} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_refuses()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses()"
        )
    op.execute(
        "CREATE TRIGGER audit_heads_forward BEFORE UPDATE ON audit_heads FOR EACH ROW "
        "WHEN (NEW.rows <= OLD.rows OR NEW.tenant <> OLD.tenant) EXECUTE FUNCTION audit_refuses()"
    )


def _seal_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for table, what in (("audit", "UPDATE"), ("audit", "DELETE"), ("audit_heads", "DELETE")):
        op.execute(f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} {refuse}")
    op.execute(
        "CREATE TRIGGER audit_heads_forward BEFORE UPDATE ON audit_heads "
        f"WHEN NEW.rows <= OLD.rows OR NEW.tenant <> OLD.tenant {refuse}"
    )
