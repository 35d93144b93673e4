"""The decisions of the routing engine, one an offer, kept for a day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "decisions",
        sa.Column("offer", sa.String(length=64), nullable=False),
        sa.Column("call", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("offer", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_call"), "decisions", ["call"], unique=False)
    op.create_index(op.f("ix_decisions_at_ms"), "decisions", ["at_ms"], unique=False)


def downgrade() -> None:
    """Remove the table."""
    op.drop_index(op.f("ix_decisions_at_ms"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_call"), table_name="decisions")
    op.drop_table("decisions")
