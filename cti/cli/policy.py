"""`hotline policy …`: the queues, tiers and agents: show and reload those of the running server, say what files promise."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from acd.sentences import sentences
from cti.cli.asking import Document, SettingsOption, ask, printable
from cti.cli.console import BAD_INPUT, fail, say
from cti.config import load_policy
from ivr.document import BadDocument

commands = typer.Typer(no_args_is_help=True, help="Swap queues, tiers and agents under live calls. Example: hotline policy reload")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(commands, name="policy")


@commands.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="print the document as JSON, one line")] = False, settings: SettingsOption = None
) -> None:
    """Show what calls are routed by.

    Example: hotline policy show
    """
    document = ask(settings, lambda client: client.get("policy"))
    say(json.dumps(document, ensure_ascii=False)) if as_json else _tell(document)


@commands.command("reload")
def reload(settings: SettingsOption = None) -> None:
    """Check the configuration on disk and route by it from now on; callers keep their places, talks go on.

    A broken one changes nothing; every finding is printed. Example: hotline policy reload
    """
    _tell(ask(settings, lambda client: client.post("policy", "reload")))


class Language(StrEnum):
    """In which language rules are said."""

    EN = "en"
    ZH = "zh"


@commands.command("rules")
def rules(
    config: Annotated[Path, typer.Option(help="Folder of queues.yaml, tiers.yaml and agents.yaml.")] = Path("config"),
    lang: Annotated[Language, typer.Option(help="Language of the sentences.")] = Language.EN,
) -> None:
    """Say in sentences what the configuration on disk promises to callers; no server is needed.

    Rules that contradict each other are refused with file, line, column and cure, exit status 2. Example: hotline policy rules --lang zh
    """
    try:
        policy = load_policy(config)
    except BadDocument as bad:
        fail("\n".join(str(finding) for finding in bad.findings), BAD_INPUT)
    for sentence in sentences(policy, lang.value):
        say(sentence)


def _tell(document: Document) -> None:
    say(f"version   {printable(document['version'])}")
    say(f"queues    {printable(', '.join(document['queues']))}")
    say(f"tiers     {printable(', '.join(document['tiers']))}")
    say(f"agents    {document['agents']}")
    for warning in document["warnings"]:
        say(f"warning   {printable(warning)}")
    if document["refused"]:
        say(f"refused   the last configuration tried:\n{printable(document['refused'])}")
