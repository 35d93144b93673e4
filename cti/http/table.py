"""The page docs/api.md. `python -m cti.http.table > docs/api.md` writes it anew."""

import sys

from cti.http.every_operation import operation
from cti.http.operations import Operation
from cti.users.rights import scope_of
from cti.users.roles import Role, Scope

_HEAD = """# The API

Served by `hotline serve` on loopback, port 8080 unless set otherwise (`http.host`, `http.port`). `/docs` shows all of it
in a browser, `/api/openapi.json` is the OpenAPI 3.1 document. This page is made by `python -m cti.http.table > docs/api.md`.

Most operations ask who you are. Programs send the token of the settings (`make run` keeps it in `run/secrets/api-token`), which may do
everything:

```
curl -H "Authorization: Bearer $(cat run/secrets/api-token)" http://127.0.0.1:8080/api/status
curl -H "Authorization: Bearer $(cat run/secrets/api-token)" -H "Content-Type: application/json" \\
     -d '{"reason": "lunch"}' http://127.0.0.1:8080/api/agents/agent01/pause
```

People log in with name and password ([users and roles](wallboard.md#users-and-roles)); what they may do is in the second column:
`agent` means the agent of the same name and his present call; `team leader` the agents of his team, and calls that are with them or in
their lines; operations managers may do everything. Of lists everybody gets what is his. `display` is the token of a wall display.
401 says that nobody was recognised, 403 that he may not. What changes something is only taken from a page of the server itself.

- Errors are problem documents (RFC 9457, `application/problem+json`); `errors` names each fault of a request.
- What is asked of an agent is answered with 202 and his state after it; 409 says why it is impossible, with the cure.
  During a talk it waits for the talk's end: `next_state`.
- 503 while the server is not attached to Asterisk; `/readyz` says what is missing. `/api/status` always answers.
- A body may have 64 KB. Durations are seconds; instants are UTC.
- `/flows` draws the flows for people: every version in use, and what changed between two of them. Like `/docs` and `/metrics` it asks for
  no token: whoever reaches the port sees what callers can hear and the conditions between.
- The same from the command line: `hotline status`, `hotline status --watch`, `hotline agent login NAME`.

| operation | who may | answers | what it does |
|---|---|---|---|
"""


def markdown() -> str:
    """Return the whole page."""
    return _HEAD + "".join(_row(declared) for declared in operation.all)


def _row(declared: Operation) -> str:
    summary, rest = declared.text
    answers = ", ".join(str(status) for status in sorted({declared.status, *declared.also, *declared.problems}))
    return f"| `{declared.method} {declared.path}` | {_who(declared)} | {answers} | {' '.join([summary, *rest.split()])} |\n"


def _who(declared: Operation) -> str:
    if not declared.needs_token:
        return "anybody"
    return ", ".join(role.value.replace("_", " ") for role in Role if scope_of(role, declared.name) is not Scope.NONE)


if __name__ == "__main__":
    sys.stdout.write(markdown())
