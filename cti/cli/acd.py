"""`hotline acd …`: simulate, plan, test and explain the routing."""

import typer

from cti.cli.acd_explain import explain
from cti.cli.acd_proof import proof
from cti.cli.acd_replay import replay_day
from cti.cli.acd_rules import rules
from cti.cli.acd_simulate import simulate
from cti.cli.acd_staff import staff
from cti.cli.acd_test import policy_tests

commands = typer.Typer(
    no_args_is_help=True,
    help="Simulate, plan, test and explain the routing. Example: hotline acd simulate config/examples/telecom/scenario.yaml",
)


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="acd")


commands.command()(simulate)
commands.command("test")(policy_tests)
commands.command()(staff)
commands.command()(proof)
commands.command()(explain)
commands.command("replay")(replay_day)
commands.command()(rules)
