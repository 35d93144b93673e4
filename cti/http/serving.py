"""Listening: opens the application on an address, with time limits for slow clients."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

#: From the connection (or the last answer) to the end of the next request's headers.
HEADER_SECONDS = 15.0
CLOSE_SECONDS = 1.0


class ListenError(Exception):
    """The address cannot be listened on; the message tells the cure."""


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while this context is open and give the port (chosen by the system for 0).

    Raises:
        ListenError: the port is taken, or the address is not this machine's.

    """
    # aiohttp would log a traceback for each client that does not speak HTTP; the handlers' own faults are logged by `problems`
    quiet = logging.getLogger("hotline.http.protocol")
    quiet.setLevel(logging.CRITICAL)
    runner = web.AppRunner(
        app, access_log=None, logger=quiet, keepalive_timeout=HEADER_SECONDS, shutdown_timeout=CLOSE_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ListenError(
                f"HTTP cannot listen on {host}:{port}: {error.strerror or error}. "
                "Stop what uses it, or set another: http.port in the settings, HOTLINE_HTTP__PORT, or HOTLINE_HTTP_PORT for `make run`."
            ) from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
