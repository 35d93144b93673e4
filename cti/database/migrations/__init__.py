"""The steps that change the tables, run by alembic."""
