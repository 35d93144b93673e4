"""Examining an Asterisk over AMI, with the two users the server has."""

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address

from cti.ami.errors import ActionRefused, AmiError
from cti.ami.frames import Frame
from cti.ami.link import AmiLink
from cti.asterisk.runtime import templates_folder
from cti.doctor.finding import Finding
from cti.doctor.rights import NEEDED_EVENTS, action_findings, hearing_findings
from cti.provision.versions import parse_version, why_refused

CHANNEL_VARIABLES = ("ACD_CALL", "ACD_STATE", "ACD_OFFER")
CLOCK_TOLERANCE_SECONDS = 2.0
_TEST_CALL_SECONDS = 3.0
_CONFIG_COMMAND = "`hotline asterisk config` prints it"


@dataclass(frozen=True, slots=True)
class Account:
    """One AMI user."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)


@dataclass(slots=True)
class _Ear:
    """Collects what the hearing user hears of the test call."""

    events: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, frame: Frame) -> None:
        self.events.add(frame.headers.get("Event", ""))
        self.variables.update(frame.variables)
        self.changed.set()


async def examine_asterisk(hearing: Account, acting: Account) -> list[Finding]:
    """Look at version, rights, modules, dialplan, channel variables and clock. Makes one short call of Asterisk with itself."""
    ear = _Ear()
    listening = AmiLink(ear.hear, lambda _reason: None, frozenset(NEEDED_EVENTS))
    doing = AmiLink(lambda _frame: None, lambda _reason: None, frozenset())
    try:
        findings = [await _log_in(listening, hearing, "on"), await _log_in(doing, acting, "off")]
        if all(finding.well for finding in findings):
            findings.append(_loopback(acting))
            findings += await _examine(listening, doing, ear, hearing, acting)
    except AmiError as error:
        findings.append(Finding("AMI", str(error), "look into Asterisk's messages log, then try again"))
    finally:
        listening.close()
        doing.close()
    return findings


async def _log_in(link: AmiLink, account: Account, events: str) -> Finding:
    subject = f"AMI user {account.username} at {account.host}:{account.port}"
    try:
        await link.connect(account.host, account.port, account.username, account.secret, events=events)
    except AmiError as error:
        cure = f"is Asterisk running, `enabled = yes` in manager.conf, and user and secret as in the server's settings? {_CONFIG_COMMAND}"
        return Finding(subject, str(error), cure)
    return Finding(subject, "logs in")


def _loopback(account: Account) -> Finding:
    try:
        inside = ip_address(account.host).is_loopback
    except ValueError:
        inside = account.host == "localhost"
    if inside:
        return Finding("AMI address", f"{account.host}, this machine only")
    return Finding(
        "AMI address",
        f"{account.host} is not this machine; AMI sends passwords in the clear",
        "run the server beside Asterisk, or tunnel the port (ssh -L, WireGuard) and use 127.0.0.1",
    )


async def _examine(listening: AmiLink, doing: AmiLink, ear: _Ear, hearing: Account, acting: Account) -> list[Finding]:
    findings = [await _version(doing), await _clock(doing)]
    may_act, may_hear = await _commands(doing), await _commands(listening)
    findings += action_findings(acting.username, may_act)
    if "Getvar" in may_act:
        findings += [await _modules(doing), await _dialplan(doing)]
    if "Originate" in may_act:
        await _test_call(doing, ear)
        findings += hearing_findings(hearing.username, may_hear, ear.events)
        findings.append(_channel_variables(ear.variables))
    return findings


async def _version(link: AmiLink) -> Finding:
    try:
        (frame,) = await link.request("CoreSettings")
    except ActionRefused as error:
        return Finding(
            "version", f"cannot be asked: {error}", "add reporting to `write =` of the acting user in manager.conf"
        )
    version = parse_version(frame.headers.get("AsteriskVersion", ""))
    reason = why_refused(version) if version else f"`{frame.headers.get('AsteriskVersion')}` is no version known here"
    return (
        Finding("version", reason, "install a newer one, or let `hotline run` bring its own")
        if reason
        else Finding("version", f"Asterisk {version}")
    )


async def _clock(link: AmiLink) -> Finding:
    (frame,) = await link.request("Ping")
    try:
        away_seconds = float(frame.headers.get("Timestamp", "")) - time.time()
    except ValueError:
        return Finding("clock", "Asterisk does not tell its time", "set timestampevents = yes in manager.conf")
    if abs(away_seconds) > CLOCK_TOLERANCE_SECONDS:
        return Finding(
            "clock",
            f"Asterisk's is {away_seconds:+.1f} s from the server's",
            "let both machines keep time (systemd-timesyncd or chrony)",
        )
    return Finding("clock", f"within {CLOCK_TOLERANCE_SECONDS:g} s of the server's")


async def _commands(link: AmiLink) -> dict[str, str]:
    """Return the actions this user may send, with Asterisk's description of each."""
    (frame,) = await link.request("ListCommands")
    return frame.headers


async def _ask(link: AmiLink, expression: str) -> str:
    try:
        (frame,) = await link.request("Getvar", [("Variable", expression)])
    except ActionRefused:
        return ""
    return frame.headers.get("Value", "")


async def _modules(link: AmiLink) -> Finding:
    if await _ask(link, "IFMODULE(res_agi.so)") != "1":
        cure = "load func_module.so and res_agi.so (`module load …`), and see that modules.conf does not exclude them"
        return Finding("modules", "res_agi.so, or func_module.so that tells, is not loaded", cure)
    missing = [name for name in required_modules() if await _ask(link, f"IFMODULE({name})") != "1"]
    if missing:
        return Finding(
            "modules",
            f"not loaded: {', '.join(missing)}",
            "`module load …` for each; if absent, install or build Asterisk with them",
        )
    return Finding("modules", "all loaded, codecs, file formats and music included")


def required_modules() -> tuple[str, ...]:
    """Return the modules of the project's own modules.conf that every Asterisk of the hotline must have."""
    text = (templates_folder() / "modules.conf").read_text(encoding="utf-8")
    return tuple(re.findall(r"^require\s*=\s*(\S+\.so)", text, re.MULTILINE))


async def _dialplan(link: AmiLink) -> Finding:
    text = (templates_folder() / "extensions.conf").read_text(encoding="utf-8")
    contexts = [name for name in re.findall(r"^\[([\w-]+)\]", text, re.MULTILINE) if name != "general"]
    missing = [name for name in contexts if await _ask(link, f"DIALPLAN_EXISTS({name})") != "1"]
    if missing:
        return Finding(
            "dialplan",
            f"missing contexts: {', '.join(missing)}",
            f"include the hotline's dialplan; {_CONFIG_COMMAND}; then `dialplan reload`",
        )
    return Finding("dialplan", f"all {len(contexts)} contexts present")


async def _test_call(link: AmiLink, ear: _Ear) -> None:
    """Let Asterisk call itself for a moment, and listen until everything needed was heard or the time is over."""
    headers = [
        ("Channel", "Local/idle@hotline-forget/n"), ("Context", "hotline-forget"), ("Exten", "s"), ("Priority", "1"), ("Async", "true"),
        ("Variable", "ACD_CALL=doctor"), ("Variable", "ACD_STATE=doctor"), ("Variable", "ACD_OFFER=doctor"),
    ]  # fmt: skip
    try:
        await link.request("Originate", headers)
        async with asyncio.timeout(_TEST_CALL_SECONDS):
            while not (ear.events >= set(NEEDED_EVENTS) and ear.variables >= set(CHANNEL_VARIABLES)):
                ear.changed.clear()
                await ear.changed.wait()
    except (ActionRefused, TimeoutError):
        return  # what was not heard is told by the findings


def _channel_variables(heard: Iterable[str]) -> Finding:
    missing = [name for name in CHANNEL_VARIABLES if name not in set(heard)]
    if missing:
        line = f"channelvars = {','.join(CHANNEL_VARIABLES)}"
        return Finding(
            "channel variables",
            f"events do not carry {', '.join(missing)}",
            f"write `{line}` into [general] of manager.conf, then `manager reload`",
        )
    return Finding("channel variables", "on every event")
