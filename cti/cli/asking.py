"""What the commands that ask the running server share: settings in, answer or a clear ending out."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from cti.cli.console import BAD_INPUT, FAILED, explain, fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cti.http.client import ApiClient

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", help="the server's settings file; default: what `hotline run` wrote")
]
#: Statuses that say that what was asked for is wrong, not that it cannot be done now.
_WRONG = frozenset({400, 401, 404, 405, 413, 415, 422})
T = TypeVar("T")


def ask(settings: Path | None, work: "Callable[[ApiClient], Awaitable[T]]") -> T:
    """Return what `work` makes of the server's answers.

    Ends the program with a message: status 2 for settings, names or values that are wrong, 1 for a server that is
    away or cannot do it now.
    """
    from cti.http.client import ServerAway, ServerRefused, api_client  # noqa: PLC0415 - `--help` need not load all this
    from cti.settings import SettingsError, load_settings  # noqa: PLC0415
    from cti.supervisor.settings import RunSettings  # noqa: PLC0415

    async def asked() -> T:
        http = load_settings(settings or RunSettings().layout.settings).http
        async with api_client(http) as client:
            return await work(client)

    try:
        return asyncio.run(asked())
    except SettingsError as error:
        fail(str(error), BAD_INPUT)
    except ValidationError as error:
        fail(explain(error), BAD_INPUT)
    except ServerAway as error:
        fail(str(error))
    except ServerRefused as error:
        fail(str(error), BAD_INPUT if error.status in _WRONG else FAILED)


def printable(value: object) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in str(value))


def duration(seconds: float | None) -> str:
    """Return a duration as people read it: 0:07, 12:30, 1:02:03; a dash for None."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


Document = dict[str, Any]
