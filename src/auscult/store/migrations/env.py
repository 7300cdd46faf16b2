"""Alembic's way in: run the steps on the connection that `schema.upgrade` hands over."""

from alembic import context

from auscult.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
