"""The server with its HTTP side, from start to signal."""

from cti.app import stopped_by_signals
from cti.settings import Settings
from cti.startup import opened


async def serve_until_stopped(settings: Settings, *, take_over: bool) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartRefused, BadDocument (status 2), OwnershipLost (status 3)."""
    async with opened(settings, take_over=take_over) as (server, _database, _metrics), stopped_by_signals(server):
        await server.run()
