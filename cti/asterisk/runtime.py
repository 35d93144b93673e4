"""The runtime folder: where everything of one running hotline lies, and writing Asterisk's part of it."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cti.asterisk.leading import colleague_context, consult_numbers, transfer_numbers
from cti.asterisk.options import ACTIONS_USER, EVENTS_USER, PHONE_CONTEXT, Phone, RuntimeOptions
from cti.asterisk.outside import demo_lines, outside_contexts
from cti.asterisk.sounds import link_sounds
from cti.asterisk.templates import TemplateError, fill
from cti.provision.asterisk import AsteriskInstall

# A Unix socket's path may have 107 bytes; Asterisk's is `<folder>/asterisk.ctl`.
_LONGEST_SOCKET_FOLDER = 107 - len("/asterisk.ctl")
_TEMPLATES = (
    "asterisk.conf", "cdr.conf", "cel.conf", "cel_custom.conf", "extensions.conf", "indications.conf", "logger.conf",
    "manager.conf", "modules.conf", "musiconhold.conf", "pjsip.conf", "queues.conf", "rtp.conf",
)  # fmt: skip
# Asterisk complains when these are missing; empty ones mean its defaults.
_EMPTY = (
    "acl.conf", "ccss.conf", "codecs.conf", "dsp.conf", "features.conf", "http.conf", "pjproject.conf", "queuerules.conf",
    "stasis.conf", "udptl.conf",
)  # fmt: skip
_OPTIONAL = "; if present"


@dataclass(frozen=True, slots=True)
class RuntimeLayout:
    """Folders and files of one runtime folder. `root` is absolute; nothing is created by asking."""

    root: Path

    @property
    def asterisk(self) -> Path:
        """Everything that belongs to Asterisk."""
        return self.root / "asterisk"

    @property
    def etc(self) -> Path:
        """Asterisk's configuration, rendered."""
        return self.asterisk / "etc"

    @property
    def asterisk_conf(self) -> Path:
        """What `asterisk -C` gets."""
        return self.etc / "asterisk.conf"

    @property
    def data(self) -> Path:
        """Asterisk's data: documentation and sounds."""
        return self.asterisk / "data"

    @property
    def var(self) -> Path:
        """Asterisk's own database."""
        return self.asterisk / "var"

    @property
    def spool(self) -> Path:
        """Asterisk's spool: voice messages are written here."""
        return self.asterisk / "spool"

    @property
    def log(self) -> Path:
        """Asterisk's log folder."""
        return self.asterisk / "log"

    @property
    def cel(self) -> Path:
        """The independent witness: one CSV line for each channel event."""
        return self.log / "cel-custom" / "Master.csv"

    @property
    def control(self) -> Path:
        """Folder of Asterisk's control socket; a short one elsewhere when the path would be too long for a socket."""
        inside = self.asterisk / "run"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
            return inside
        digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hotline-{os.getuid()}-{digest}"

    @property
    def secrets(self) -> Path:
        """Random passwords of this runtime folder, readable by the owner alone."""
        return self.root / "secrets"

    @property
    def settings(self) -> Path:
        """The server's settings, written by `hotline run`."""
        return self.root / "hotline.yaml"


def templates_folder() -> Path:
    """Return deploy/asterisk of the project. Raises TemplateError when this installation came without it."""
    folder = Path(__file__).resolve().parents[2] / "deploy" / "asterisk"
    if not folder.is_dir():
        raise TemplateError(f"{folder} is missing. Run from a clone of the project, installed with `make setup`.")
    return folder


def render_runtime(install: AsteriskInstall, layout: RuntimeLayout, options: RuntimeOptions) -> None:
    """Write everything this Asterisk needs below `layout.asterisk`; what was there is overwritten, its database stays.

    Raises TemplateError with the cure.
    """
    private = (layout.etc, layout.control, layout.var)
    for folder in (
        *private,
        options.music,
        layout.data,
        layout.log / "cel-custom",
        layout.spool,
        layout.var / "agi-bin",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in private:
        folder.chmod(0o700)
    link_sounds(layout.data, install, options.prompts)
    values = _values(install, layout, options)
    for name in _TEMPLATES:
        _write(layout.etc / name, _render(name, values, install))
    for name in _EMPTY:
        _write(layout.etc / name, "; nothing here: Asterisk's own defaults\n")


def _render(name: str, values: dict[str, str], install: AsteriskInstall) -> str:
    path = templates_folder() / name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {error}. Restore the file.") from error
    if name == "modules.conf":
        text = choose_modules(text, {file.name for file in install.moddir.glob("*.so")})
    return fill(text, values, path)


def choose_modules(text: str, available: set[str]) -> str:
    """Leave out lines marked `; if present` whose module is not available. Raises TemplateError for any other missing one."""
    kept, missing = [], []
    for line in text.splitlines():
        setting, _, comment = line.partition(";")
        module = setting.partition("=")[2].strip() if setting.strip().startswith(("load", "require")) else ""
        if not module or module in available:
            kept.append(line)
        elif f";{comment}".strip() != _OPTIONAL:
            missing.append(module)
    if missing:
        raise TemplateError(
            f"This Asterisk lacks {', '.join(missing)}. Install the package that has them, or build Asterisk with them, "
            "or let the hotline fetch its own (leave HOTLINE_ASTERISK empty and take asterisk off PATH)."
        )
    return "\n".join(kept) + "\n"


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read: passwords are in some of them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _values(install: AsteriskInstall, layout: RuntimeLayout, options: RuntimeOptions) -> dict[str, str]:
    folders = {
        "ETC": layout.etc, "MODULES": install.moddir, "VAR": layout.var, "DATA": layout.data, "SPOOL": layout.spool,
        "CONTROL": layout.control, "LOG": layout.log, "MUSIC": options.music.absolute(),
    }  # fmt: skip
    return {name: str(folder) for name, folder in folders.items()} | option_values(options)


def option_values(options: RuntimeOptions) -> dict[str, str]:
    """Return the values of every placeholder that does not depend on folders."""
    return {
        "LANGUAGE": options.language,
        "SIP_HOST": options.sip_host,
        "SIP_PORT": str(options.sip_port),
        "RTP_FIRST": str(options.rtp_first),
        "RTP_LAST": str(options.rtp_last),
        "RTP_TIMEOUT_SECONDS": str(options.rtp_timeout_seconds),
        "AMI_HOST": options.ami_host,
        "AMI_PORT": str(options.ami_port),
        "AMI_PERMIT": options.ami_permit,
        "EVENTS_USER": EVENTS_USER,
        "EVENTS_SECRET": options.ami_secrets.events,
        "ACTIONS_USER": ACTIONS_USER,
        "ACTIONS_SECRET": options.ami_secrets.actions,
        "NUMBERS": "\n".join(f"exten => {number},1,Goto(hotline-in,s,1)" for number in options.numbers),
        "DEMO_OUTSIDE": "" if options.outside else demo_lines(options.dialing),
        "OUTSIDE": options.outside or f"{_own_host(options.sip_host)}:{options.sip_port}",
        "OUTSIDE_CALLS": str(options.dialing.max_calls),
        "OUTSIDE_RULES": "\n".join((outside_contexts(options.dialing), "", colleague_context(options.colleagues))),
        "TRANSFER_NUMBERS": transfer_numbers(options.dialing, options.colleagues, options.queue_numbers),
        "CONSULT_NUMBERS": consult_numbers(options.dialing, options.colleagues),
        "DEFAULT_QUEUE": options.default_queue,
        "FALLBACK_SECONDS": str(options.fallback_seconds),
        "MEMBERS": "\n".join(f"member => {device}" for device in options.fallback_members),
        "PHONES": "\n".join(phone_text(phone) for phone in options.phones),
    }


def _own_host(sip_host: str) -> str:
    """Where this Asterisk reaches itself."""
    return "127.0.0.1" if sip_host == "0.0.0.0" else sip_host  # noqa: S104 - compared, not bound


def phone_text(phone: Phone) -> str:
    """Return the pjsip.conf text of one SIP account."""
    path = templates_folder() / "pjsip-phone.conf"
    # One place per account: a phone that comes back from another address takes the place over.
    contact = f"contact = {phone.contact}" if phone.contact else "max_contacts = 1\nremove_existing = yes"
    values = {
        "PHONE": phone.name,
        "PASSWORD": phone.password,
        "NUMBER": phone.number or phone.name,
        "CONTEXT": phone.context,
        "CONTACT": contact,
        "TRANSFERS": "yes" if phone.context == PHONE_CONTEXT else "no",
    }
    return fill(path.read_text(encoding="utf-8"), values, path)
