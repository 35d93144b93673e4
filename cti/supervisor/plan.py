"""From settings and configuration to what Asterisk and the server are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cti.asterisk.options import ACTIONS_USER, ENTRY_CONTEXT, EVENTS_USER, AmiSecrets, Phone, RuntimeOptions
from cti.provision.errors import ProvisionError
from cti.supervisor.secrets import secret
from cti.supervisor.settings import RunSettings

CALLER = "caller"
CALLER_NUMBER = "13800000001"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an agent is reached: his device (`PJSIP/agent01`) and extension."""

    device: str
    extension: str


def agent_desks(config: Path) -> tuple[Desk, ...]:
    """Return the desks of config/agents.yaml.

    Read loosely: the server checks the file and names faults; here only the phones are wanted.
    """
    agents = _section(config / "agents.yaml", "agents")
    return tuple(
        Desk(str(entry.get("device") or f"PJSIP/{name}"), str(entry.get("extension") or name))
        for name, entry in agents.items()
    )


def queue_names(config: Path) -> tuple[str, ...]:
    """Return the names of the queues of config/queues.yaml, in the order of the file."""
    return tuple(_section(config / "queues.yaml", "queues"))


def _section(path: Path, key: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProvisionError(
            f"{path} cannot be read: {error.strerror}. Restore it, or set HOTLINE_CONFIG_DIR."
        ) from error
    except yaml.YAMLError as error:
        raise ProvisionError(f"{path} is not YAML: {error}. `hotline check` says more.") from error
    section = document.get(key) if isinstance(document, dict) else None
    if isinstance(section, list):
        section = {str(entry.get("name")): entry for entry in section if isinstance(entry, dict)}
    if not isinstance(section, dict) or not section:
        raise ProvisionError(f"{path}: no entries below `{key}:`. `hotline check` says more.")
    return {str(name): entry if isinstance(entry, dict) else {} for name, entry in section.items()}


def asterisk_options(settings: RunSettings) -> RuntimeOptions:
    """Return what Asterisk's configuration is rendered from. Raises ProvisionError when config/ cannot be used."""
    folder = settings.layout.secrets
    desks = agent_desks(settings.config_dir)
    phones = [_phone(folder, desk) for desk in desks if desk.device.startswith("PJSIP/")]
    phones.append(Phone(CALLER, secret(folder, f"sip-{CALLER}"), CALLER_NUMBER, ENTRY_CONTEXT))
    return RuntimeOptions(
        ami_secrets=AmiSecrets(secret(folder, "ami-events"), secret(folder, "ami-actions")),
        prompts=settings.sounds,
        music=settings.music,
        default_queue=queue_names(settings.config_dir)[0],
        numbers=settings.numbers,
        phones=tuple(phones),
        fallback_members=tuple(desk.device for desk in desks),
        language=settings.language,
        sip_host=settings.sip_host,
        sip_port=settings.sip_port,
        ami_port=settings.ami_port,
        rtp_first=settings.rtp_start,
        rtp_last=settings.rtp_end,
        rtp_timeout_seconds=settings.rtp_timeout_seconds,
    )


def _phone(secrets: Path, desk: Desk) -> Phone:
    account = desk.device.removeprefix("PJSIP/")
    return Phone(account, secret(secrets, f"sip-{account}"), desk.extension)


def server_settings(settings: RunSettings, options: RuntimeOptions) -> dict[str, Any]:
    """Return what `hotline serve --settings` reads."""
    layout = settings.layout
    return {
        "ami": {
            "host": options.ami_host,
            "port": options.ami_port,
            "events_username": EVENTS_USER,
            "events_secret": options.ami_secrets.events,
            "actions_username": ACTIONS_USER,
            "actions_secret": options.ami_secrets.actions,
        },
        "database_url": settings.database_url or f"sqlite:///{layout.root / 'hotline.db'}",
        "store_url": settings.store_url or f"sqlite:///{layout.root / 'store.db'}",
        "http": {
            "host": settings.http_host,
            "port": settings.http_port,
            "token": secret(layout.secrets, "api-token"),
        },
        "flows_dir": str(settings.flows_dir.absolute()),
        "config_dir": str(settings.config_dir.absolute()),
        "sounds_dir": str(settings.sounds),
        "spool_dir": str(layout.spool),
        "run_dir": str(layout.root),
        "default_queue": options.default_queue,
    }
