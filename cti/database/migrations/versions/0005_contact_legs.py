"""What became of each entry into a line, each callback, each number dialled and each transfer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIMES = ("rang_at_ms", "answered_at_ms", "talk_ended_at_ms", "wrapup_ended_at_ms", "ended_at_ms")
_SPANS = ("wait_ms", "ring_ms", "talk_ms", "wrapup_ms", "forecast_ms")
_INDEXED = ("call", "agent", "entered_at_ms", "ended_at_ms")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "contact_legs",
        sa.Column("leg", sa.String(length=80), nullable=False),
        sa.Column("call", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("target", sa.String(length=64), nullable=True),
        sa.Column("skills_asked", sa.JSON(), nullable=False),
        sa.Column("skills_given", sa.JSON(), nullable=False),
        sa.Column("entered_at_ms", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in (*_TIMES, *_SPANS)),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("position_at_end", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("survey_score", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("leg", name=op.f("pk_contact_legs")),
    )
    for name in _INDEXED:
        op.create_index(op.f(f"ix_contact_legs_{name}"), "contact_legs", [name], unique=False)


def downgrade() -> None:
    """Remove the table."""
    for name in _INDEXED:
        op.drop_index(op.f(f"ix_contact_legs_{name}"), table_name="contact_legs")
    op.drop_table("contact_legs")
