"""A caller's channel as Asterisk and the dialplan treat it, without Asterisk: AsyncAGI, hold, moves, and the caller himself.

It is the requester behind the switch, and it tells the call the events that its dispatcher would. Prompts end at once
unless `slow` holds them; keys stop a Background as in Asterisk. What the caller does is in the public methods.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from cti.ami.encode import encode_action
from cti.ami.errors import ActionRefused
from cti.ami.frames import parse_frame
from tests.rig.waiting import Changed
from tests.unit.cti.channels import CALLER, executed, hung_up
from tests.unit.cti.test_cti_encode import parse_agi_arguments


class Telephone:
    """`place`: agi, hold, talk, outside, default, gone. `fault(number, action)` may raise for the n-th action, or let the caller hang up."""

    def __init__(self, nonce: str = "c1", channel: str = CALLER) -> None:
        self.nonce = nonce
        self.channel = channel
        self.call: Any = None
        self.place = "agi"
        self.variables: dict[str, str] = {}
        self.language = "zh"
        self.heard: list[str] = []
        self.actions: list[tuple[str, dict[str, str]]] = []
        self.slow = False
        self.recorded: list[str] = []
        self.fault: Callable[[int, str], None] = lambda _number, _action: None
        self.changed = Changed()
        self._running: tuple[str, str] | None = None

    # ---- what the server asks for

    async def request(self, action, headers=(), *, is_list=False, action_id=None, timeout_seconds=5.0):
        encode_action(action, action_id or "1", headers)
        fields = dict(headers)
        self.actions.append((action, fields))
        await asyncio.sleep(0)
        self.fault(len(self.actions), action)
        if fields.get("Channel") != self.channel or self.place == "gone":
            raise ActionRefused("No such channel")
        getattr(self, f"_{action.lower()}")(fields)
        self.changed.fire()
        value = self.variables.get(fields.get("Variable", ""), "") if action == "Getvar" else ""
        return [parse_frame(f"Response: Success\r\nValue: {value}")]

    def _getvar(self, fields: dict[str, str]) -> None:
        """Nothing happens on the channel."""

    def _setvar(self, fields: dict[str, str]) -> None:
        if fields["Variable"] == "CHANNEL(language)":
            self.language = fields["Value"]
        self.variables[fields["Variable"]] = fields["Value"]

    def _absolutetimeout(self, fields: dict[str, str]) -> None:
        self.variables["lease"] = fields["Timeout"]

    def _hangup(self, _fields: dict[str, str]) -> None:
        self.hang_up()

    def _redirect(self, fields: dict[str, str]) -> None:
        self._leave_agi()
        if fields["Context"] == "hotline-in":
            self._soon(self._enter_agi)
        else:
            self.place = fields["Context"].removeprefix("hotline-")

    def _agi(self, fields: dict[str, str]) -> None:
        if self.place != "agi":
            raise ActionRefused("Channel is not in Async AGI")
        self._soon(lambda: self._execute(fields["CommandID"], fields["Command"]))

    def _execute(self, command_id: str, command: str) -> None:
        if self.place != "agi":
            return
        if command == "ASYNCAGI BREAK":
            self._leave_agi()
            self._after_break()
        elif command.startswith("EXEC "):
            _, application, argument = parse_agi_arguments(command)
            self._application(command_id, application, argument)
        else:
            self._done(command_id, 0)

    def _application(self, command_id: str, application: str, argument: str) -> None:
        if application == "Record":
            self.recorded.append(argument.partition(",")[0])
        else:
            prompts, _, options = argument.partition(",")
            language = options.rpartition(",")[2] or self.language
            self.heard += [f"{language}:{prompt.removeprefix('hotline/')}" for prompt in prompts.split("&")]
        self._running = (command_id, application)
        self.changed.fire()
        if not self.slow:
            self._soon(lambda: self.prompt_ends(command_id))

    def _after_break(self) -> None:
        place = {"hold": "hold", "dial": "outside", "lead": "outside"}.get(self.variables.pop("ACD_NEXT", ""))
        self.place = place or self.place
        if place is None:
            self.hang_up()

    # ---- what happens on the channel

    def starts(self) -> None:
        """The dialplan has come to AGI(agi:async)."""
        self.place = "agi"
        self.call.agi_started()

    def _enter_agi(self) -> None:
        if self.place != "gone":
            self.starts()

    def _leave_agi(self) -> None:
        if self.place == "agi":
            self.place = "moving"
            self._running = None
            self.call.agi_ended()

    def _done(self, command_id: str, result: int) -> None:
        if self.place == "agi":
            self.call.agi_executed(executed(self.nonce, command_id, result, self.channel))
            self.changed.fire()

    def prompt_ends(self, command_id: str = "", result: int = 0) -> None:
        """What plays (or records) comes to its end."""
        if self._running is not None and command_id in ("", self._running[0]):
            command_id, self._running = self._running[0], None
            self._done(command_id, result)

    def _soon(self, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_soon(work)

    # ---- what the caller does

    def press(self, keys: str) -> None:
        for key in keys:
            self.call.digit(key)
            if self._running is not None and self._running[1] == "Background":
                self.prompt_ends(result=ord(key))

    def hang_up(self, cause: int = 16) -> None:
        """He is gone; Asterisk tells of it as the last thing."""
        if self.place == "gone":
            return
        self._leave_agi()
        self.place = "gone"
        self._soon(lambda: self.call.hung_up(hung_up(self.nonce, cause).cause))
        self.changed.fire()

    def outside_talks(self) -> None:
        """Whoever was called outside answered: the dialplan says so on the channel."""
        self.variables["ACD_STATE"] = self.variables["ACD_STATE"].replace("!dial!", "!talk!")
        self._soon(lambda: self.call.state_set(self.variables["ACD_STATE"]))

    def back_from_outside(self, result: str, *, mark: str | None = None) -> None:
        """The dialplan is done with the order (in its words), and brings him back."""
        ordered = self.variables.get("OUT_ORDER", "").rpartition("!")[2]
        self.variables["OUT_RESULT"] = f"{result}:{ordered if mark is None else mark}"
        phase = "talked" if result.startswith("ANSWER") else "dialed"
        self.variables["ACD_STATE"] = f"1!{phase}!" + self.variables.get("ACD_STATE", "1!dial!!!0!0!!0!").split("!", 2)[2]
        self._soon(self._enter_agi)

    def back_from_talk(self) -> None:
        """The agent hung up: the dialplan brings him back."""
        self._soon(self._enter_agi)

    async def hears(self, prompt: str, within: float = 5.0) -> None:
        """Wait until a prompt with this beginning came after those waited for before."""
        at = await self.changed.until(
            lambda: next((place + 1 for place, heard in enumerate(self.heard) if heard.startswith(prompt)), 0),
            within, lambda: f"{prompt} not heard, but {self.heard}; {self.actions[-5:]}",
        )  # fmt: skip
        del self.heard[:at]

    async def comes_to(self, place: str, within: float = 5.0) -> None:
        await self.changed.until(lambda: self.place == place, within, lambda: f"not {place} but {self.place}; {self.actions[-5:]}")
