"""The page at /docs: the operations as the OpenAPI document lists them. No script, nothing from elsewhere."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
h2 { margin-top: 2rem; border-bottom: 1px solid #ccd6dd; }
summary { cursor: pointer; padding: .3rem 0; }
summary b { display: inline-block; min-width: 3.5rem; color: #0b62a4; }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f3f6f8; }
pre { padding: .6rem; overflow-x: auto; }
details > div { margin: 0 0 1rem 1rem; }
@media (prefers-color-scheme: dark) { body { background: #16202a; color: #dfe7ee; } code, pre { background: #22303d; } summary b { color: #6cb8f0; } }
"""
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def render(document: Mapping[str, Any]) -> str:
    """Return the page for an OpenAPI document."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(operations)}" for tag, operations in groups.items())
    schemas = "".join(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><h1>{title}</h1>'
        f"<p>{escape(document['info']['description'])} The flows as pictures: "
        '<a href="/flows">/flows</a>. The machine-readable form: '
        '<a href="/api/openapi.json">/api/openapi.json</a>. Operations marked with a key ask who you are: '
        'log in at <a href="/login">/login</a>, or send <code>Authorization: Bearer …</code>.</p>'
        f"{body}<h2>Schemas</h2>{schemas}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    key = " &#128273;" if "security" in operation else ""
    parameters = "".join(f"<li>{_parameter(parameter)}</li>" for parameter in operation.get("parameters", ()))
    contents = "".join(f"<li>body: {_content(body)}</li>" for body in _bodies(operation))
    answers = "".join(
        f"<li>{status} {escape(answer['description'])}: {_content(answer['content'])}</li>"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}{key}</summary>"
        f"<div><p>{escape(operation.get('description', ''))}</p><ul>{parameters}{contents}</ul><ul>{answers}</ul></div></details>"
    )


def _bodies(operation: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [operation["requestBody"]["content"]] if "requestBody" in operation else []


def _parameter(parameter: Mapping[str, Any]) -> str:
    return f"{escape(parameter['in'])} <code>{escape(parameter['name'])}</code>: <code>{escape(json.dumps(parameter['schema']))}</code>"


def _content(content: Mapping[str, Any]) -> str:
    return ", ".join(f"{escape(media)} {_reference(part['schema'])}" for media, part in content.items())


def _reference(schema: Mapping[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else f"<code>{escape(json.dumps(schema))}</code>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    return f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
