"""Declares an API operation by its handler: path, query, body and answer are read from the function's signature.

A handler is `async def name(deps: ApiDeps, …) -> Model`. Its further parameters: `query` and `body`, each a model;
`request` for the raw request; `reach` for whose things it may touch; any other must stand in the path as `{name}`. The first line of its docstring is the
summary. One that returns a Response is sent as it is, with the media types declared.
"""

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from cti.http.models import Fault
from cti.http.problems import Handler, Refusal
from cti.users.rights import Reach

JSON = "application/json"
NAME_PATTERN = "^[A-Za-z0-9_.:-]{1,64}$"
DEPS: web.AppKey[Any] = web.AppKey("deps", object)
REACH: web.RequestKey[Reach] = web.RequestKey("reach", Reach)
_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as declared.

    Attributes:
        method, path: as in HTTP; the path with its `{holes}`.
        handler: see the module.
        tag: the group it is listed under.
        status: of success.
        problems: the statuses of problem documents it may answer, beside those every operation has.
        answer: the model of the answer, None for a raw response with the media types of `media`.
        also: further statuses with the same answer.
        needs_token: whether a token is asked for.

    """

    method: str
    path: str
    handler: Callable[..., Awaitable[BaseModel | web.StreamResponse]]
    tag: str
    status: int
    problems: tuple[int, ...]
    answer: type[BaseModel] | None
    media: tuple[str, ...]
    also: tuple[int, ...]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    needs_token: bool

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def text(self) -> tuple[str, str]:
        """Summary and description."""
        first, _, rest = (inspect.getdoc(self.handler) or "").partition("\n")
        return first, rest.strip()

    @property
    def holes(self) -> tuple[str, ...]:
        """Names of the path's parameters."""
        return tuple(_HOLE.findall(self.path))


class Operations:
    """A list of operations, filled by its decorator."""

    def __init__(self) -> None:
        self.all: list[Operation] = []

    def __call__(
        self, method: str, path: str, tag: str, *, status: int = 200, problems: tuple[int, ...] = (),
        answer: type[BaseModel] | None = None, media: tuple[str, ...] = (JSON,), also: tuple[int, ...] = (), needs_token: bool = True,
    ) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:  # fmt: skip
        """Declare the decorated handler; see Operation. `answer` is only needed where the annotation does not say it."""

        def declare(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            hints = get_type_hints(handler)
            told = hints["return"]
            model = told if isinstance(told, type) and issubclass(told, BaseModel) else answer
            self.all.append(
                Operation(
                    method, path, handler, tag, status, problems, model, media, also, hints.get("query"), hints.get("body"), needs_token
                )
            )  # fmt: skip
            return handler

        return declare


#: Every operation there is, once cti.http.every_operation has brought in all who declare some.
operation = Operations()


def as_handler(operation: Operation) -> Handler:
    """Return what aiohttp calls: reads and checks the request, calls the handler, writes the answer."""
    parameters = inspect.signature(operation.handler).parameters

    async def handle(request: web.Request) -> web.StreamResponse:
        arguments: dict[str, Any] = {hole: _name(request, hole) for hole in operation.holes}
        if "request" in parameters:
            arguments["request"] = request
        if "reach" in parameters:
            arguments["reach"] = request[REACH]
        if operation.query is not None:
            arguments["query"] = _checked(operation.query, _query(request), "query")
        if operation.body is not None:
            arguments["body"] = _checked(operation.body, await _body(request), "body")
        answer = await operation.handler(request.app[DEPS], **arguments)
        return json_response(answer, operation.status) if isinstance(answer, BaseModel) else answer

    return handle


def json_response(answer: BaseModel, status: int = 200) -> web.Response:
    """Return the model as JSON."""
    return web.Response(status=status, text=answer.model_dump_json(), content_type=JSON)


def _name(request: web.Request, hole: str) -> str:
    value = request.match_info[hole]
    if not re.fullmatch(NAME_PATTERN, value):
        raise Refusal(404, f"{hole}: no such name is possible")
    return value


def _query(request: web.Request) -> dict[str, str]:
    doubled = {key for key in request.query if len(request.query.getall(key)) > 1}
    if doubled:
        raise Refusal(
            422,
            "the request cannot be used",
            tuple(Fault(where=f"query.{key}", message="given twice") for key in sorted(doubled)),
        )
    return dict(request.query)


async def _body(request: web.Request) -> Any:
    if request.content_type != JSON:
        raise Refusal(415, f"the body must be {JSON}", headers={hdrs.ACCEPT: JSON})
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "the body is not JSON", (Fault(where="body", message=str(error)),)) from None


def _checked(model: type[BaseModel], value: Any, where: str) -> BaseModel:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = tuple(
            Fault(where=".".join([where, *(str(part) for part in fault["loc"])]), message=fault["msg"])
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise Refusal(422, "the request cannot be used", faults) from None
