"""The `hotline` command: one module for each subcommand."""
