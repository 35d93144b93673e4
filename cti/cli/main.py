"""Entry of the `hotline` command: gathers the subcommands of this folder."""

import importlib
import pkgutil

import typer

import cti.cli


def build_app() -> typer.Typer:
    """Return the command with every module of this folder that has a `register` function."""
    app = typer.Typer(
        name="hotline", help="A telephone hotline on Asterisk: voice menus, queues, agents.",
        no_args_is_help=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    for found in sorted(pkgutil.iter_modules(cti.cli.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"cti.cli.{found.name}")
        if hasattr(module, "register"):
            module.register(app)
    return app


def main() -> None:
    """Run the command line; the installed script calls this."""
    build_app()()


if __name__ == "__main__":
    main()
