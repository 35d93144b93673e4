"""`hotline dialing`: whether a number may be dialled, by which rule, and as what."""

from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import BAD_INPUT, FAILED, fail, say
from cti.dialing import Dialing, Purpose, matches
from ivr.document import BadDocument


def register(app: typer.Typer) -> None:
    """Add `dialing` to the hotline command."""
    app.command("dialing")(dialing)


def dialing(
    number: Annotated[str, typer.Argument(help="The number, in any writing.")],
    purpose: Annotated[Purpose, typer.Option("--for", help="What it is to be dialled for.")] = Purpose.DIAL,
    config: Annotated[Path | None, typer.Option(help="Folder of dialing.yaml.")] = None,
) -> None:
    """Tell whether the hotline may dial a number, by which rule of dialing.yaml, and how; status 1 if it may not.

    Example: hotline dialing "+86 138-0013-8001" --for callback
    """
    from cti.config.dialing import load_dialing  # noqa: PLC0415 - only this command needs these
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    try:
        rules = load_dialing(config or RunSettings().config_dir)
    except BadDocument as bad:
        fail(str(bad), BAD_INPUT)
    rule = rules.allows(number, purpose)
    if rule is None:
        fail(f"{number} may not be dialled: {_why_not(rules, number, purpose)}", FAILED)
    normal = rules.normal(number)
    say(f"{normal}: rule {rule.name} ({rule.label_zh} · {rule.label_en})")
    say(f"dialled as {rule.device.replace('{number}', normal)}, rings {rule.ring_seconds} s, talks {rule.talk_seconds} s at most")


def _why_not(rules: Dialing, number: str, purpose: Purpose) -> str:
    normal = rules.normal(number)
    if not normal:
        return "that is no number. Write digits, with + for a country's code."
    if any(matches(pattern, normal) for pattern in rules.never):
        return f"{normal} stands under never: in dialing.yaml."
    others = [rule.name for rule in rules.rules if rule.has(normal)]
    if others:
        return f"the rule {others[0]} has {normal}, but not for {purpose}. Add {purpose} to its purposes:."
    return f"no rule of dialing.yaml has {normal}. Add one for {purpose}."
