"""Examining what `config/backends.yaml` names: does everything that flows ask answer?"""

import asyncio
from zoneinfo import ZoneInfo

from cti.backends.base import Backend, BackendError
from cti.backends.config import BackendsConfig, read_backends_config
from cti.backends.opening import open_backends
from cti.database.engine import Database, DatabaseAddressError
from cti.doctor.finding import Finding
from cti.settings import Settings, own_url
from cti.store.opening import open_store
from ivr.document import BadDocument

_SECONDS = 3.0
_CURE = "see that it runs and can be reached from here, or correct it in backends.yaml; until then flows take their way for errors"


async def examine_backends(settings: Settings) -> list[Finding]:
    """Ask every backend, service and gateway for a sign of life, all at once."""
    path = settings.config_dir / "backends.yaml"
    try:
        config = read_backends_config(path.read_text(encoding="utf-8"), str(path))
        database = Database(settings.database_url)
    except BadDocument as error:
        return [
            Finding("backends", str(error.findings[0]), "`hotline check` shows every fault with its place and cure")
        ]
    except (OSError, UnicodeDecodeError) as error:
        return [Finding("backends", f"{path}: {error}", "restore the file, or correct config_dir in the settings")]
    except DatabaseAddressError:
        return []  # told of the database already
    store = open_store("memory:")
    try:
        zone = ZoneInfo(settings.time_zone)
        opened = open_backends(config, database=database, store=store, zone=zone, own_url=own_url(settings))
        return list(
            await asyncio.gather(
                *(_examined(f"{_kind(config, name)} {name}", backend) for name, backend in opened.items())
            )
        )
    finally:
        await store.close()
        await database.close()


async def _examined(subject: str, backend: Backend) -> Finding:
    try:
        await backend.ping(_SECONDS)
    except BackendError as error:
        return Finding(subject, str(error), _CURE)
    finally:
        await backend.close()
    return Finding(subject, "answers")


def _kind(config: BackendsConfig, name: str) -> str:
    return "service" if name in config.services else "gateway" if name in config.gateways else "backend"
