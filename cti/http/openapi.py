"""The OpenAPI 3.1 document of the declared operations."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from cti.http.gate import COOKIE
from cti.http.models import Problem
from cti.http.operations import JSON, NAME_PATTERN, Operation
from cti.http.problems import MEDIA

_REFERENCE = "#/components/schemas/{model}"


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Return the document as JSON-like data."""
    known = list(operations)
    references, schemas = _schemas(known)
    paths: dict[str, dict[str, Any]] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Hotline",
            "version": version,
            "description": "Queues, agents and calls of the hotline. Errors are problem documents (RFC 9457).",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`http.token` of the settings."},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "What `POST /api/session` gives."},
            },
        },
    }


References = dict[type[BaseModel], dict[str, Any]]


def _schemas(operations: list[Operation]) -> tuple[References, dict[str, Any]]:
    answers = {o.answer for o in operations if o.answer is not None} | {Problem}
    bodies = {o.body for o in operations if o.body is not None}
    models = [(model, "serialization") for model in answers] + [(model, "validation") for model in bodies]
    models.sort(key=lambda pair: pair[0].__name__)
    by_mode, whole = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]
    references = {model: reference for (model, _), reference in by_mode.items()}
    return references, whole["$defs"]  # type: ignore[return-value]


def _operation(operation: Operation, references: References) -> dict[str, Any]:
    summary, description = operation.text
    described: dict[str, Any] = {
        "operationId": operation.name, "summary": summary, "tags": [operation.tag], "responses": _responses(operation, references),
    }  # fmt: skip
    if description:
        described["description"] = description
    parameters = _parameters(operation)
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": references[operation.body]}}}
    if operation.needs_token:
        described["security"] = [{"token": []}, {"session": []}]
    return described


def _responses(operation: Operation, references: References) -> dict[str, Any]:
    schema = references[operation.answer] if operation.answer is not None else {"type": "string"}
    answer = {media: {"schema": schema} for media in operation.media}
    responses = {status: (answer, HTTPStatus(status).phrase) for status in (operation.status, *operation.also)}
    problem = {MEDIA: {"schema": references[Problem]}}
    for status in _problems(operation):
        responses[status] = (problem, HTTPStatus(status).phrase)
    return {
        str(status): {"description": phrase, "content": content}
        for status, (content, phrase) in sorted(responses.items())
    }


def _problems(operation: Operation) -> set[int]:
    problems = set(operation.problems)
    if operation.needs_token:
        problems |= {401, 403}
    if operation.query is not None:
        problems.add(422)
    if operation.body is not None:
        problems |= {413, 415, 422}
    if operation.holes:
        problems.add(404)
    return problems


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": hole, "in": "path", "required": True, "schema": {"type": "string", "pattern": NAME_PATTERN}}
        for hole in operation.holes
    ]
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        required = schema.get("required", [])
        for name, part in schema["properties"].items():
            parameters.append({"name": name, "in": "query", "required": name in required, "schema": _plain(part)})
    return parameters


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """Return a query parameter's schema; one that may be left out cannot be null in an address."""
    choices = [choice for choice in part.get("anyOf", []) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else {key: value for key, value in part.items() if key != "title"}
