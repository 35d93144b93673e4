"""`hotline schema`: JSON Schema of flow files for editors, and the tables of keys in the reference."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cti.cli.console import say
from ivr.codes import findings_page
from ivr.reference import fill
from ivr.schema import flow_schema, fragment_schema, hours_schema, phrases_schema


class Kind(StrEnum):
    """Kinds of files in the folder of the flows."""

    FLOW = "flow"
    FRAGMENT = "fragment"
    HOURS = "hours"
    PHRASES = "phrases"


_MAKERS = {
    Kind.FLOW: flow_schema,
    Kind.FRAGMENT: fragment_schema,
    Kind.HOURS: hours_schema,
    Kind.PHRASES: phrases_schema,
}


def register(app: typer.Typer) -> None:
    """Add `schema` to the hotline command."""
    app.command("schema")(schema)


def schema(
    kind: Annotated[Kind, typer.Argument(help="flow, fragment, hours or phrases.")] = Kind.FLOW,
    write: Annotated[
        Path | None,
        typer.Option(help="Write all schemas into this folder, where the flows' first lines look for them."),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Bring the tables of keys in this Markdown file up to date.")
    ] = None,
    findings: Annotated[Path | None, typer.Option(help="Write the page about all codes of findings here.")] = None,
) -> None:
    """Print the JSON Schema of a flow file: completion and red lines in every editor with a YAML language server.

    Example: hotline schema --write flows
    """
    if write is not None:
        for each in Kind:
            (write / f"{each}.schema.json").write_text(schema_text(each), encoding="utf-8")
    if reference is not None:
        reference.write_text(fill(reference.read_text(encoding="utf-8")), encoding="utf-8")
    if findings is not None:
        findings.write_text(findings_page(), encoding="utf-8")
    if write is None and reference is None and findings is None:
        say(schema_text(kind).rstrip("\n"))


def schema_text(kind: Kind) -> str:
    """Return the schema of this kind of file as it is committed."""
    return json.dumps(_MAKERS[kind](), ensure_ascii=False, indent=1) + "\n"
