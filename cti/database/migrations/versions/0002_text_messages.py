"""The outbox of text messages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sms_outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("caller", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_sms_outbox_key")),
    )
    op.create_index(op.f("ix_sms_outbox_number"), "sms_outbox", ["number"], unique=False)
    op.create_index(op.f("ix_sms_outbox_caller"), "sms_outbox", ["caller"], unique=False)


def downgrade() -> None:
    """Remove the table."""
    op.drop_index(op.f("ix_sms_outbox_caller"), table_name="sms_outbox")
    op.drop_index(op.f("ix_sms_outbox_number"), table_name="sms_outbox")
    op.drop_table("sms_outbox")
