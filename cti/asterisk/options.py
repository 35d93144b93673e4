"""What `hotline run`, the tests and `hotline asterisk config` decide about an Asterisk's configuration."""

from dataclasses import dataclass, field
from pathlib import Path

from cti.dialing import Dialing

EVENTS_USER = "hotline-events"
ACTIONS_USER = "hotline-actions"
PHONE_CONTEXT = "hotline-phones"
ENTRY_CONTEXT = "hotline-entry"


@dataclass(frozen=True, slots=True)
class Phone:
    """A SIP account; reachable as PJSIP/<name>.

    contact: a fixed SIP address instead of registration, empty for a phone that registers.
    number: the caller number it shows. context: where its calls enter the dialplan.
    """

    name: str
    password: str = field(repr=False)
    number: str = ""
    context: str = PHONE_CONTEXT
    contact: str = ""


@dataclass(frozen=True, slots=True)
class AmiSecrets:
    """The passwords of the two AMI users."""

    events: str = field(repr=False)
    actions: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """Everything the templates need beside the installation and its folders.

    numbers: the numbers served, digits only. default_queue: where a call goes whose flow failed.
    fallback_members: the devices rung without a server. prompts: `<prompts>/<language>/hotline/…`.
    music: folder of hold music, µ-law or 16-bit, 8 kHz. rtp_timeout_seconds: silence of that length ends
    a call, 0 never does. dialing: what may be dialled. outside: host:port of the carrier that calls go out by, "" for
    this Asterisk itself, which then plays whoever is called. colleagues: agents' extensions with their devices.
    queue_numbers: the extensions of queues, which agents lead callers to.
    """

    ami_secrets: AmiSecrets
    prompts: Path
    music: Path
    default_queue: str
    numbers: tuple[str, ...]
    phones: tuple[Phone, ...] = ()
    fallback_members: tuple[str, ...] = ()
    fallback_seconds: int = 120
    language: str = "zh"
    sip_host: str = "127.0.0.1"
    sip_port: int = 5060
    ami_host: str = "127.0.0.1"
    ami_port: int = 5038
    ami_permit: str = "127.0.0.1/255.255.255.255"
    rtp_first: int = 20000
    rtp_last: int = 21999
    rtp_timeout_seconds: int = 25
    dialing: Dialing = field(default_factory=Dialing)
    outside: str = ""
    colleagues: tuple[tuple[str, str], ...] = ()
    queue_numbers: tuple[str, ...] = ()
