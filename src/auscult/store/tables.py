"""Every table, in one place: narrow columns to find a row by, and the word itself as JSON.

The tables of a tenant begin their primary key with `tenant`, so that two tenants may use the same
identifiers. `queue`, `credentials` and `tenants` are what the dispatcher may see across tenants:
they carry no payload. `migrations/` creates what stands here; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_N_name)s_unique",
        "ck": "%(table_name)s_%(constraint_name)s",
    }
)


def _word(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _time(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _maybe(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


def _late(name: str) -> Column[str]:
    """Return a column that came with a later version: rows from before have it empty."""
    return Column(name, Text, nullable=False, server_default="")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _named() -> CheckConstraint:
    """Refuse the empty tenant: it is what PostgreSQL's unset `app.tenant` reads as."""
    return CheckConstraint("tenant <> ''", name="tenant_named")


tenants = Table(
    "tenants", metadata, _word("tenant"), _word("name"), _time("added_ms"),
    PrimaryKeyConstraint("tenant"), _named(),
)  # fmt: skip

credentials = Table(
    "credentials", metadata,
    _word("key_hash"), _word("tenant"), _word("key_id"), _word("role"),
    _time("added_ms"), _maybe("revoked_ms"), _late("name"),
    PrimaryKeyConstraint("key_hash"), _named(),
    Index("credentials_key_id", "tenant", "key_id", unique=True),
)  # fmt: skip

queue = Table(
    "queue", metadata,
    _word("kind"), _word("tenant"), _word("key"), _time("due_ms"),
    _word("owner"), _time("lease_until_ms"), _count("attempt"),
    Column("owed_since_ms", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("kind", "tenant", "key"), _named(),
    Index("queue_due", "kind", "due_ms"),
    Index("queue_owed", "kind", "owed_since_ms"),
    Index("queue_tenant", "kind", "tenant", "due_ms"),
    Index("queue_lease", "kind", "lease_until_ms", "due_ms"),
)  # fmt: skip

incidents = Table(
    "incidents", metadata,
    _word("tenant"), _word("id"), _word("status"), _word("severity"), _count("rank"),
    _word("service"), _word("headline"),
    _time("opened_ms"), _time("updated_ms"), _maybe("resolved_ms"),
    _count("version"), _word("body"),
    _late("evidence"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
)  # fmt: skip
_LIST_ORDER = (incidents.c.rank, incidents.c.opened_ms.desc(), incidents.c.id.desc())
Index("incidents_list", incidents.c.tenant, *_LIST_ORDER)
Index("incidents_service", incidents.c.tenant, incidents.c.service, *_LIST_ORDER)
UNRESOLVED = text("status <> 'resolved'")
"""Said as text, not as a bound value, so that SQLite can prove the partial index usable."""

Index(
    "incidents_live",
    incidents.c.tenant,
    incidents.c.updated_ms.desc(),
    incidents.c.id.desc(),
    sqlite_where=UNRESOLVED,
    postgresql_where=UNRESOLVED,
)

incident_fingerprints = Table(
    "incident_fingerprints", metadata,
    _word("tenant"), _word("fingerprint"), _word("incident"),
    PrimaryKeyConstraint("tenant", "fingerprint"), _named(),
    ForeignKeyConstraint(["tenant", "incident"], ["incidents.tenant", "incidents.id"]),
    Index("incident_fingerprints_incident", "tenant", "incident"),
)  # fmt: skip

findings = Table(
    "findings", metadata,
    _word("tenant"), _word("incident"), _time("at_ms"), _word("fingerprint"), _word("body"),
    PrimaryKeyConstraint("tenant", "incident", "at_ms", "fingerprint"), _named(),
    ForeignKeyConstraint(["tenant", "incident"], ["incidents.tenant", "incidents.id"]),
)  # fmt: skip

exhibits = Table(
    "exhibits", metadata,
    _word("tenant"), _word("incident"), _word("id"), _time("at_ms"),
    _word("signal"), _word("title"), _word("media_type"),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant", "incident", "id"), _named(),
    ForeignKeyConstraint(["tenant", "incident"], ["incidents.tenant", "incidents.id"]),
)  # fmt: skip

effects = Table(
    "effects", metadata,
    _word("tenant"), _word("key"), _word("kind"), _word("incident"), _time("due_ms"),
    _word("state"), _count("attempts"), _word("last_reason"), _time("updated_ms"), _word("body"),
    _late("channel"), _late("says"), _late("left_by"),
    Column("in_vain", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("tenant", "key"), _named(),
    Index("effects_incident", "tenant", "incident", "says"),
    Index(
        "effects_pending", "tenant", "incident", "channel", "due_ms",
        sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"),
    ),
)  # fmt: skip

timers = Table(
    "timers", metadata,
    _word("tenant"), _word("key"), _word("about"), _time("due_ms"), _word("body"),
    PrimaryKeyConstraint("tenant", "key"), _named(),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    _word("tenant"), _word("id"), _word("incident"), _word("runbook"), _word("state"),
    _time("started_ms"), _time("updated_ms"), _word("body"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
    Index("runs_incident", "tenant", "incident"),
    Index("runs_started", "tenant", "started_ms"),
)  # fmt: skip

ladders = Table(
    "ladders", metadata,
    _word("tenant"), _word("id"), _word("state"), _time("started_ms"), _time("updated_ms"),
    _word("body"), _late("advice"), _late("undo"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
    Index("ladders_started", "tenant", "started_ms"),
)  # fmt: skip

alerts = Table(
    "alerts", metadata,
    _word("tenant"), _word("fingerprint"),
    _time("starts_ms"), _time("ends_ms"), _time("updated_ms"), _count("is_timed"), _time("inside"),
    _word("body"),
    PrimaryKeyConstraint("tenant", "fingerprint"), _named(),
    Index(
        "alerts_over", "tenant", "ends_ms",
        sqlite_where=text("inside = 0"), postgresql_where=text("inside = 0"),
    ),
)  # fmt: skip

alert_groups = Table(
    "alert_groups", metadata,
    _word("tenant"), _word("id"), _time("next_ms"), _count("has_flushed"), _word("body"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
)  # fmt: skip

alert_members = Table(
    "alert_members", metadata, _word("tenant"), _word("group_id"), _word("fingerprint"),
    PrimaryKeyConstraint("tenant", "group_id", "fingerprint"), _named(),
    Index("alert_members_alert", "tenant", "fingerprint"), sqlite_with_rowid=False,
)  # fmt: skip

alert_sources = Table(
    "alert_sources", metadata, _word("tenant"), _word("place"), _word("fingerprint"),
    PrimaryKeyConstraint("tenant", "place", "fingerprint"), _named(),
    Index("alert_sources_alert", "tenant", "fingerprint"), sqlite_with_rowid=False,
)  # fmt: skip

silences = Table(
    "silences", metadata,
    _word("tenant"), _word("id"),
    _time("starts_ms"), _time("ends_ms"), _time("updated_ms"), _word("body"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
    Index("silences_ends", "tenant", "ends_ms"),
)  # fmt: skip

pages = Table(
    "pages", metadata,
    _word("tenant"), _word("key"), _word("person"), _word("incident"), _word("channel"),
    _time("due_ms"), _word("why"),
    PrimaryKeyConstraint("tenant", "key", "person"), _named(),
    Index("pages_incident", "tenant", "incident", "due_ms"),
    Index("pages_due", "tenant", "due_ms"),
)  # fmt: skip

takeovers = Table(
    "takeovers", metadata,
    _word("tenant"), _word("id"), _time("made_ms"), _time("ends_ms"), _word("body"),
    PrimaryKeyConstraint("tenant", "id"), _named(),
    Index("takeovers_ends", "tenant", "ends_ms"),
)  # fmt: skip

calendars = Table(
    "calendars", metadata,
    _word("tenant"), _word("schedule"), _word("layer"), _word("source"), _time("read_ms"),
    _word("text"),
    PrimaryKeyConstraint("tenant", "schedule", "layer"), _named(),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    _word("tenant"), _time("seq"), _time("at_ms"), _word("actor"), _word("action"),
    _word("about"), _word("detail"), _word("hash"),
    PrimaryKeyConstraint("tenant", "seq"), _named(),
    Index("audit_about", "tenant", "about", "seq"),
)  # fmt: skip

audit_heads = Table(
    "audit_heads", metadata, _word("tenant"), _time("rows"), _word("hash"), _late("seal"),
    PrimaryKeyConstraint("tenant"), _named(),
)  # fmt: skip

secrets = Table(
    "secrets", metadata, _word("tenant"), _word("name"), _word("envelope"),
    PrimaryKeyConstraint("tenant", "name"), _named(),
)  # fmt: skip

DIRECTORY = (tenants, credentials, queue)
"""What the dispatcher may see across tenants."""
