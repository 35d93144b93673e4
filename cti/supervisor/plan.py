"""From settings and configuration to what Asterisk and the server are told."""

from pathlib import Path
from typing import Any

from acd.config import Agent, Policy
from cti.asterisk.options import ACTIONS_USER, ENTRY_CONTEXT, EVENTS_USER, AmiSecrets, Phone, RuntimeOptions
from cti.config import load_policy
from cti.config.dialing import load_dialing
from cti.provision.errors import SettingError
from cti.supervisor.secrets import secret
from cti.supervisor.settings import RunSettings

CALLER = "caller"
CALLER_NUMBER = "13800138001"
"""The first customer of docs/demo.md: 张伟, diamond, spoken to in Chinese."""


def default_queue(policy: Policy, wanted: str) -> str:
    """Return the wanted queue, else the first that any agent may answer, else the first."""
    if wanted and wanted not in policy.queues:
        known = ", ".join(policy.queues)
        raise SettingError(f"HOTLINE_DEFAULT_QUEUE={wanted!r}: no such queue; there are {known}. Correct the variable.")
    open_to_all = (name for name, queue in policy.queues.items() if not queue.needs)
    return wanted or next(open_to_all, next(iter(policy.queues)))


def asterisk_options(settings: RunSettings) -> RuntimeOptions:
    """Return what Asterisk's configuration is rendered from. Raises BadDocument when config/ cannot be used."""
    folder = settings.layout.secrets
    policy = load_policy(settings.config_dir)
    agents = policy.agents.values()
    phones = [_phone(folder, agent) for agent in agents]
    phones.append(Phone(CALLER, secret(folder, f"sip-{CALLER}"), CALLER_NUMBER, ENTRY_CONTEXT))
    return RuntimeOptions(
        ami_secrets=AmiSecrets(secret(folder, "ami-events"), secret(folder, "ami-actions")),
        prompts=settings.sounds,
        music=settings.music,
        default_queue=default_queue(policy, settings.default_queue),
        numbers=settings.numbers,
        phones=tuple(phones),
        fallback_members=tuple(agent.device for agent in agents),
        language=settings.language,
        sip_host=settings.sip_host,
        sip_port=settings.sip_port,
        ami_port=settings.ami_port,
        rtp_first=settings.rtp_start,
        rtp_last=settings.rtp_end,
        rtp_timeout_seconds=settings.rtp_timeout_seconds,
        dialing=load_dialing(settings.config_dir),
        outside=settings.outside,
        colleagues=tuple((agent.extension, agent.device) for agent in agents),
        queue_numbers=tuple(queue.extension for queue in policy.queues.values() if queue.extension),
    )


def _phone(secrets: Path, agent: Agent) -> Phone:
    account = agent.device.removeprefix("PJSIP/")
    return Phone(account, secret(secrets, f"sip-{account}"), agent.extension)


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
        "database_url": settings.database_url or settings.embedded_database,
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
