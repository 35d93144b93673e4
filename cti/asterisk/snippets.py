"""What a user puts into his own Asterisk: the project's templates, without what only the project's own one needs."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from cti.asterisk.options import ACTIONS_USER, EVENTS_USER, RuntimeOptions
from cti.asterisk.runtime import option_values, phone_text, templates_folder
from cti.asterisk.templates import fill

_MODULES_SHOWN = (
    "app_",
    "func_",
    "res_agi",
    "res_speech",
    "bridge_holding",
    "format_pcm",
    "codec_ulaw",
    "res_musiconhold",
    "res_pjsip_refer",
)


def snippets(options: RuntimeOptions, settings: Mapping[str, object], spool: Path, music: Path) -> str:
    """Return the text of `hotline asterisk config`: what goes into which file, and the server's settings to match.

    settings: the server's settings to match. spool: folder that Asterisk may write voice messages to. music: folder of hold music.
    """
    values = option_values(options) | {"SPOOL": str(spool), "MUSIC": str(music)}
    parts = [
        (
            "/etc/asterisk/manager.d/hotline.conf",
            ('manager.conf of Debian includes manager.d; elsewhere add: #include "manager.d/*.conf"\n'
            "and in manager.conf, section [general], these three lines (the server does not trust events without them):\n"
            f"  enabled = yes\n  {_line('manager.conf', 'channelvars')}\n  {_line('manager.conf', 'timestampevents')}\n"
            "and in asterisk.conf, section [options], this one (fast diallers' keys would count twice without it):\n"
            f"  {_line('asterisk.conf', 'mindtmfduration')}"),
            _sections("manager.conf", values, {EVENTS_USER, ACTIONS_USER}),
        ),
        (
            "/etc/asterisk/hotline-extensions.conf",
            ('in extensions.conf add at the end: #include "hotline-extensions.conf"\n'
            "and let your trunk's calls enter the context hotline-entry, your agents' phones hotline-phones;\n"
            "in [general] of extensions.conf keep clearglobalvars = no;\n"
            "`device` of dialing.yaml names the endpoint of your own trunk: PJSIP/{number}@mytrunk"),
            _sections("extensions.conf", values),
        ),
        (
            "/etc/asterisk/hotline-pjsip.conf",
            ('in pjsip.conf add: #include "hotline-pjsip.conf"; skip accounts your phones have already. '
            "What counts: the context, the codecs, rtp_timeout,\n"
            "and allow_transfer: yes for agents' phones alone; on your trunk write allow_transfer = no (it is yes where it is not written)"),
            _sections("pjsip.conf", values, {"hotline-endpoint"}) + "\n" + "\n".join(map(phone_text, options.phones)),
        ),
        ("/etc/asterisk/hotline-queues.conf", 'in queues.conf add: #include "hotline-queues.conf"', _sections("queues.conf", values)),
        ("/etc/asterisk/hotline-musiconhold.conf", 'in musiconhold.conf add: #include "hotline-musiconhold.conf"', _sections("musiconhold.conf", values, {"hotline"})),
    ]  # fmt: skip
    text = "\n".join(_part(file, note, body) for file, note, body in parts)
    return f"{text}\n{_modules()}\n{_prompts(options)}\n{_server(settings)}"


def _part(file: str, note: str, body: str) -> str:
    notes = "\n".join(f"; {line}" for line in note.splitlines())
    return f"; ======== {file}\n{notes}\n{body}"


def _sections(name: str, values: dict[str, str], only: set[str] | None = None) -> str:
    """Return the filled template's sections but [general]; with `only`, those of these names."""
    path = templates_folder() / name
    kept: list[str] = []
    taking = False
    for line in fill(path.read_text(encoding="utf-8"), values, path).splitlines():
        if line.startswith("["):
            section = line[1:].partition("]")[0]
            taking = section in only if only else section != "general"
        if taking:
            kept.append(line)
    return "\n".join(kept).rstrip() + "\n"


def _line(name: str, setting: str) -> str:
    text = (templates_folder() / name).read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith(setting))


def _modules() -> str:
    text = (templates_folder() / "modules.conf").read_text(encoding="utf-8")
    names = [line.partition("=")[2].strip() for line in text.splitlines() if line.startswith("require")]
    wanted = [name for name in names if name.startswith(_MODULES_SHOWN)]
    return f"; ======== modules that must be loaded (with autoload = yes they are)\n; {' '.join(wanted)}\n"


def _prompts(options: RuntimeOptions) -> str:
    return (
        "; ======== prompts: link them below Asterisk's sounds folder (`core show settings` names the data directory)\n"
        f";   for language in zh en; do ln -s {options.prompts}/$language/hotline /usr/share/asterisk/sounds/$language/hotline; done\n"
    )


def _server(settings: Mapping[str, object]) -> str:
    return (
        "; ======== hotline.yaml, for `hotline serve --settings` and `hotline doctor --settings`; keep it as secret as root's\n"
        f"{yaml.safe_dump(dict(settings), allow_unicode=True, sort_keys=False)}"
        "; then: asterisk -rx 'core reload', and `hotline doctor` says what is still missing\n"
    )
