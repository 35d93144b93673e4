"""What each agent did from when to when."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "agent_states",
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("agent", "from_ms", name=op.f("pk_agent_states")),
    )
    op.create_index(op.f("ix_agent_states_until_ms"), "agent_states", ["until_ms"], unique=False)


def downgrade() -> None:
    """Remove the table."""
    op.drop_index(op.f("ix_agent_states_until_ms"), table_name="agent_states")
    op.drop_table("agent_states")
