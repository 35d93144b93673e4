"""`http` asks a service of the company over HTTP, or has it change something, and takes a typed reply."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ivr.commands import CallBackend
from ivr.document import Scalar, Table
from ivr.expressions import VariableType
from ivr.fields import NEXT, TEXT, VALUES, VARIABLE, Field, Form, Shape, choice, ref, table
from ivr.moves import Go, Move
from ivr.replies import PATH_PATTERN, TYPE_PATTERN, ReplyError, ReplyForm, ReplyType, read_reply
from ivr.run import Run
from ivr.steps.outside import TIMEOUT, OutsideStep, read_timeout
from ivr.steps.reading import Argument, StepReader
from ivr.steps.request import (
    HEADER_PATTERN,
    PathTemplate,
    Template,
    fill_body,
    fill_texts,
    read_body,
    read_headers,
    read_open_values,
    read_path,
)

ASKING_METHOD = "GET"
METHODS = (ASKING_METHOD, "POST", "PUT", "PATCH", "DELETE")
STATUS_PATTERN = "^[2-5][0-9][0-9]$"
_REPLY = Shape(
    "table of fields (`table.field`) with types: "
    + ", ".join(f"`{kind}`" for kind in ReplyType)
    + "; `optional` before one",
    table({"type": "string", "pattern": TYPE_PATTERN}, PATH_PATTERN, minProperties=1),
)
_HEADERS = Shape(VALUES.words, {**VALUES.schema, "propertyNames": {"pattern": HEADER_PATTERN}})


@dataclass(frozen=True, kw_only=True)
class HttpStep(OutsideStep):
    """Sends one request. All methods but GET change something: they carry a key, so that sending again changes nothing more.

    Attributes:
        service: name of the service.
        method: the HTTP method.
        path: below the service's address.
        query, headers: texts beside it.
        body: what is sent as JSON, or None.
        reply: what must come back; no fields: the answer is not read.
        statuses: where statuses lead that are no failure; other than 200 to 299, the rest is one.
        into: variable for the reply, or empty.
        next: where to go with the reply.

    """

    kind = "http"
    forms = (
        Form(
            (
                Field("service", TEXT, "a service of backends.yaml", required=True),
                Field("path", TEXT, "below the service's address; `${…}` is percent-encoded", required=True),
                Field("method", choice(*METHODS), "all but GET change something, once", default="`GET`"),
                Field("query", VALUES, "what stands behind the `?`; null is left out"),
                Field("headers", _HEADERS, "further headers; never secrets"),
                Field(
                    "body",
                    Shape("table, also nested: fixed, or `${…}`", {"type": "object"}),
                    "sent as JSON; a secret one as `${pin}` alone",
                ),
                Field("reply", _REPLY, "what the answer must hold; the rest of it is dropped"),
                Field("into", VARIABLE, "data variable for the reply"),
                Field(
                    "on_status",
                    Shape("table of statuses to steps", table(ref("target"), STATUS_PATTERN)),
                    "where a status leads that is no failure, such as 404",
                ),
                TIMEOUT,
                NEXT,
            )
        ),
    )
    service: str
    method: str
    path: PathTemplate
    query: Mapping[str, Argument]
    headers: Mapping[str, Argument]
    body: Template | None
    reply: ReplyForm
    statuses: Mapping[int, str]
    into: str
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the request, the form of the reply, and the ways on."""
        service = reader.scalar("service", required=True)
        if service is not None:
            reader.check_name(service, "service", reader.context.known.services)
        method = reader.choice("method", METHODS, ASKING_METHOD)
        body = read_body(reader)
        if body is not None and method in (ASKING_METHOD, "DELETE"):
            reader.report(reader.at("body"), "bad-value", f"a {method} has no body", "use query:, or method: POST")
        reply, into = _read_reply(reader)
        statuses = _read_statuses(reader)
        reader.way("on_error", reader.context.defaults.on_error)
        return cls(
            service=service.text if service else "",
            method=method,
            path=read_path(reader),
            query=read_open_values(reader, "query"),
            headers=read_headers(reader),
            body=body,
            reply=reply,
            statuses=statuses,
            into=into,
            timeout_seconds=read_timeout(reader),
            next=reader.target("next"),
            **reader.common(),
        )

    def request(self, run: Run, token: str) -> CallBackend:
        """Return the request; its operation is named by flow and step."""
        parts = {
            "query": fill_texts(self.query, run),
            "headers": fill_texts(self.headers, run),
            "body": None if self.body is None else fill_body(self.body, run),
            "statuses": list(self.statuses),
            "reply": bool(self.reply.fields),
        }
        arguments = {
            "method": self.method,
            "path": self.path.fill(run),
            **{name: part for name, part in parts.items() if part},
        }
        key = None if self.method == ASKING_METHOD else self.effect_key(run)
        return CallBackend(token, self.service, f"{self.flow}/{self.name}", arguments, self.timeout_seconds, key)

    def taken(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return status and reply; raises ReplyError for a status nobody expects, or a reply of another form."""
        status = answer.get("status")
        if status in self.statuses:
            return {"status": status}
        if not isinstance(status, int) or not 200 <= status < 300:
            raise ReplyError(f"status {status} is not expected")
        return {"reply": self.reply.fit(answer.get("body"))} if self.reply.fields else {}

    def answered(self, run: Run, answer: Mapping[str, Any]) -> Move:
        """Go where the status leads, or keep the reply and go on."""
        status = answer.get("status")
        if status is not None:
            return Go(self.statuses[status], f"status {status}")
        if self.into and "reply" in answer:
            run.assign(self.into, answer["reply"])
        return Go(self.next, "replied")


def _read_reply(reader: StepReader) -> tuple[ReplyForm, str]:
    """Read `reply:` and `into:`, which come together."""
    node = reader.node("reply")
    form = read_reply(node, reader.findings) if node is not None else ReplyForm({})
    if isinstance(node, Table) and not node.entries:
        reader.report(node, "bad-value", '"reply" has no fields', "name one, or leave reply: out")
    into = reader.variable("into", VariableType.DATA, required=False)
    if (node is not None) != bool(into):
        missing, there = ("into", "reply") if node is not None else ("reply", "into")
        reader.report(reader.at(there), "bad-value", f'"{there}" needs "{missing}"', f"add {missing}:")
    if into:
        reader.context.replies.setdefault(into, []).append(form.names if form.fields else None)
    return form, into


def _read_statuses(reader: StepReader) -> dict[int, str]:
    child = reader.child("on_status")
    statuses: dict[int, str] = {}
    for key, node in child.entries() if child else ():
        if not re.fullmatch(STATUS_PATTERN, key.text):
            reader.report(key, "bad-value", f'"{key.text}" is no status of an answer', "write 200 to 599, such as 404")
        elif isinstance(node, Scalar):
            statuses[int(key.text)] = reader.add_exit(f"status {key.text}", node)
        else:
            reader.report(node, "bad-value", f'"{key.text}" must lead to one step', f"write {key.text}: <step>")
    return statuses
