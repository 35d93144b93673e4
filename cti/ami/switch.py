"""The actions the server may take on Asterisk, each typed; nothing else is ever sent.

Contexts, extensions and globals come from constants; devices and names from configuration; values pass `encode`.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from cti.ami.encode import Headers, agi_quote
from cti.ami.errors import ActionRefused, UnsafeValue
from cti.ami.frames import Frame
from cti.ami.messages import ChannelRow, parse_channel_row

GLOBAL_OWNER = "ACD_OWNER"
GLOBAL_HEARTBEAT = "ACD_HB"
_GLOBALS = frozenset({GLOBAL_OWNER, GLOBAL_HEARTBEAT})
_VARIABLES = frozenset({"ACD_STATE", "ACD_OFFER", "ACD_NEXT", "ACD_SAY", "ACD_LEG_OWNER", "OUT_ORDER", "OUT_SAY", "CHANNEL(language)"})
_SAFE_VALUE = re.compile(r"[A-Za-z0-9 _./:!&+\-=#*@;]*")  # @ and ; are in names of Local channels
_DEVICE = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9_@.:\-]+")
#: A night without a server leaves a hundred thousand entries in a family.
TREE_SECONDS = 30.0
#: Rows of a long list are read in slices of so many, a millisecond each.
_ROWS_AT_ONCE = 32
ActionCheck = Callable[[str], None]


class Requester(Protocol):
    """What the switch needs of a session; `AmiSession` is one."""

    def request(self, action: str, headers: Headers = (), *, is_list: bool = False, action_id: str | None = None, timeout_seconds: float = 5.0) -> Awaitable[list[Frame]]:
        """Send one action and wait for its answer."""
        ...


def safe_value(value: str) -> str:
    """Return `value` if it may be a channel variable's content: no comma, quote, bracket, dollar or control character.

    Raises UnsafeValue.
    """
    if not _SAFE_VALUE.fullmatch(value):
        raise UnsafeValue("a channel variable holds only letters, digits and _ . / : ! & + - = # * @ ;")
    return value


def one_channel(channel: str) -> str:
    """Return `channel` if it names one channel: nothing means a global, /…/ a pattern that may match many.

    Raises UnsafeValue.
    """
    if not channel or channel.startswith("/"):
        raise UnsafeValue("the channel is missing, or is a pattern")
    return channel


class Switch:
    """Typed actions over one session. All raise ActionRefused, ActionTimeout, LinkDown; see their docstrings."""

    def __init__(self, session: Requester) -> None:
        self._session = session

    async def agi(self, channel: str, command: str, command_id: str) -> None:
        """Queue one AGI command line on a channel that waits in AsyncAGI. Its end comes as AgiExecuted(command_id).

        The answer to the action only says that the command was queued.
        """
        await self._session.request("AGI", [("Channel", one_channel(channel)), ("Command", command), ("CommandID", command_id)])

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set one of our variables on a channel. An empty channel would set a global and is refused (UnsafeValue)."""
        if name not in _VARIABLES:
            raise UnsafeValue(f"{name!r} is no variable of ours")
        await self._session.request("Setvar", [("Channel", one_channel(channel)), ("Variable", name), ("Value", safe_value(value))])

    async def get_variable(self, channel: str, name: str) -> str:
        """Read a channel variable or a read-only channel function."""
        (frame,) = await self._session.request("Getvar", [("Channel", one_channel(channel)), ("Variable", name)])
        return frame.headers.get("Value", "")

    async def set_global(self, name: str, value: str) -> None:
        """Set one of the two globals of the constant list."""
        if name not in _GLOBALS:
            raise UnsafeValue(f"{name!r} is no global of ours")
        await self._session.request("Setvar", [("Variable", name), ("Value", safe_value(value))])

    async def get_global(self, name: str) -> str:
        """Read one of the two globals; "" if it was never set."""
        if name not in _GLOBALS:
            raise UnsafeValue(f"{name!r} is no global of ours")
        (frame,) = await self._session.request("Getvar", [("Variable", name)])
        return frame.headers.get("Value", "")

    async def redirect(self, channel: str, context: str, extension: str = "s") -> None:
        """Move a channel to the first line of an extension. Refused if the channel is gone."""
        await self._session.request("Redirect", [("Channel", one_channel(channel)), ("Context", context), ("Exten", extension), ("Priority", "1")])

    async def hang_up(self, channel: str, cause: int = 16) -> None:
        """End a channel, by full name or by exact Uniqueid. A channel that is gone already is no error."""
        try:
            await self._session.request("Hangup", [("Channel", one_channel(channel)), ("Cause", str(cause))])
        except ActionRefused:
            return

    async def renew_lease(self, channel: str, seconds: int) -> None:
        """Let the dialplan take the channel back after so many seconds (at least 1) unless renewed."""
        await self._session.request("AbsoluteTimeout", [("Channel", one_channel(channel)), ("Timeout", str(max(1, seconds)))])

    async def originate(
        self, device: str, channel_id: str, context: str, ring_timeout_seconds: float, caller_id: str,
        variables: Mapping[str, str], action_id: str, extension: str = "s",
    ) -> None:
        """Ring `device` and run it into a context when it answers. `channel_id` makes it happen at most once while that
        channel lives. The answer only says that it was queued; the leg's own events tell the rest."""
        if not _DEVICE.fullmatch(device):
            raise UnsafeValue(f"device {device!r}: only Technology/name, as in PJSIP/agent01")
        headers = [
            ("Channel", device), ("Context", context), ("Exten", extension), ("Priority", "1"), ("Async", "true"),
            ("ChannelId", channel_id), ("Timeout", str(int(ring_timeout_seconds * 1000))), ("CallerID", caller_id),
        ]
        headers += [("Variable", f"{name}={safe_value(value)}") for name, value in variables.items()]
        await self._session.request("Originate", headers, action_id=action_id)

    async def forget_endings(self, minute: int) -> None:
        """Let the dialplan delete the hang-up records of one minute (epoch seconds // 60); DBDel would need more rights."""
        headers = [
            ("Channel", "Local/idle@hotline-forget/n"), ("Context", "hotline-forget"), ("Exten", "s"), ("Priority", "1"), ("Async", "true"),
            ("Variable", f"ACD_MINUTE={minute:d}"),
        ]
        await self._session.request("Originate", headers)

    async def forget_callback(self, callback: str) -> None:
        """Let the dialplan delete what it wrote down of a callback's attempts."""
        headers = [
            ("Channel", "Local/idle@hotline-forget/n"), ("Context", "hotline-forget"), ("Exten", "callback"), ("Priority", "1"), ("Async", "true"),
            ("Variable", f"ACD_CALLBACK={safe_value(callback)}"),
        ]
        await self._session.request("Originate", headers)

    async def channels(self) -> list[ChannelRow]:
        """Every channel of this Asterisk, from its snapshot cache."""
        rows = await self._session.request("CoreShowChannels", is_list=True)
        found = []
        for row in rows:
            if row.headers.get("Event") == "CoreShowChannel":
                found.append(parse_channel_row(row))
                if len(found) % _ROWS_AT_ONCE == 0:
                    await asyncio.sleep(0)
        return found

    async def database(self, family: str, timeout_seconds: float = TREE_SECONDS) -> dict[str, str]:
        """Keys and values of a family of the Asterisk database, keys without the leading slash and family."""
        try:
            rows = await self._session.request("DBGetTree", [("Family", family)], is_list=True, timeout_seconds=timeout_seconds)
        except ActionRefused:  # Asterisk's way to say that the family is empty
            return {}
        prefix = f"/{family}/"
        return {row.headers["Key"].removeprefix(prefix): row.headers.get("Val", "") for row in rows if "Key" in row.headers}


def exec_command(application: str, *arguments: str) -> str:
    """The AGI line that runs a dialplan application with comma-separated arguments."""
    return f"EXEC {application} {agi_quote(','.join(arguments))}"
