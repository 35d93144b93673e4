"""`hotline acd explain`: why a call went where it went, in words."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from cti.cli.acd_simulate import AsJson
from cti.cli.asking import SettingsOption, ask, printable
from cti.cli.console import say


class Language(StrEnum):
    """In which language reasons are told."""

    EN = "en"
    ZH = "zh"


def explain(
    call: Annotated[str, typer.Argument(help="the call's id, as in the log, `hotline status` or the records")],
    lang: Annotated[Language, typer.Option(help="language of the sentences")] = Language.EN,
    as_json: AsJson = False,
    settings: SettingsOption = None,
) -> None:
    """Say why a call of the last day went to this agent, why to nobody else, and who overtook whom; or why it waits.

    Example: hotline acd explain 1795257600.42 --lang zh

    Ends with status 1 if the server is away, 2 if nothing is known of the call.
    """
    told = ask(settings, lambda client: client.get("calls", call, "reasons"))
    if as_json:
        say(json.dumps(told, ensure_ascii=False))
        return
    for line in told["sentences"][lang]:
        say(printable(line))
