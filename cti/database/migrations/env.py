"""What alembic runs around each migration: on the connection `cti.database.migrate` hands in."""

from alembic import context

from cti.database.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
