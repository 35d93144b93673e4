"""Sorts the events of Asterisk: to the caller's task, to the router, to the feature desk; forged ones to the count.

A channel of ours proves itself by its nonce. An event that names such a channel without its nonce was written by
somebody else into the stream.
"""

from collections.abc import Callable
from typing import Protocol

import structlog

from cti.ami.messages import (
    AgiEnded,
    AgiExecuted,
    AgiStarted,
    AmiEvent,
    ChannelEvent,
    ChannelHungUp,
    DigitReceived,
    OriginateFailed,
    VariableSet,
)
from cti.calls.call import Call
from cti.router import Router, RouterState

ENTRY_CONTEXT = "hotline-in"
FEATURE_CONTEXT = "hotline-feature"


class FeatureDesk(Protocol):
    """Takes the events of agents who dial feature codes."""

    def started(self, event: AgiStarted) -> None:
        """A feature call came in."""

    def event(self, event: ChannelEvent) -> bool:
        """An event of some channel; true if it was one of the desk's."""


class Dispatcher:
    """See the module. `on_new_call` starts a call's task; `on_forged` counts."""

    def __init__(self, state: RouterState, router: Router, desk: FeatureDesk, on_new_call: Callable[[AgiStarted], None], on_forged: Callable[[str], None]) -> None:
        self._state = state
        self._router = router
        self._desk = desk
        self._on_new_call = on_new_call
        self._on_forged = on_forged
        self._channels: dict[str, str] = {}
        self.log = structlog.get_logger("events")

    def note_channel(self, channel: str, nonce: str) -> None:
        """Remember that the channel is ours from now on."""
        self._channels[channel] = nonce

    def forget_channel(self, channel: str) -> None:
        """The channel is gone."""
        self._channels.pop(channel, None)

    def forged_frame(self, event_name: str) -> None:
        """A message with headers that a genuine one has only once."""
        self.log.warning("forged_event", event_name=event_name, why="doubled header")
        self._on_forged("doubled_header")

    def event(self, event: AmiEvent) -> None:
        """Take one event; never waits."""
        if isinstance(event, OriginateFailed):
            self._router.originate_failed(event.action_id)
        elif isinstance(event, ChannelEvent):
            self._channel_event(event)

    def _channel_event(self, event: ChannelEvent) -> None:
        call = self._state.calls.get(event.nonce) if event.nonce else None
        if call is not None and call.channel == event.channel:
            self._call_event(call, event)
        elif event.nonce and self._state.legs.of_nonce(event.nonce) is not None:
            self._leg_event(event)
        elif self._channels.get(event.channel, event.nonce) != event.nonce:
            self.log.warning("forged_event", event_name=type(event).__name__, channel=event.channel, why="no nonce")
            self._on_forged("no_nonce")
        elif isinstance(event, AgiStarted):
            self._new(event)
        elif not self._desk.event(event) and isinstance(event, ChannelHungUp):
            self.forget_channel(event.channel)

    def _call_event(self, call: Call, event: ChannelEvent) -> None:
        match event:
            case DigitReceived():
                call.digit(event.digit)
            case AgiExecuted():
                call.agi_executed(event)
            case VariableSet(name="ACD_STATE"):
                call.state_set(event.value)
            case AgiStarted():
                call.agi_started()
            case AgiEnded():
                call.agi_ended()
            case ChannelHungUp():
                call.hung_up(event.cause)
                self.forget_channel(event.channel)

    def _leg_event(self, event: ChannelEvent) -> None:
        self._channels.setdefault(event.channel, event.nonce)
        self._router.leg_event(event)
        if isinstance(event, ChannelHungUp):
            self.forget_channel(event.channel)

    def _new(self, event: AgiStarted) -> None:
        if event.nonce.startswith("c") and event.context == ENTRY_CONTEXT:
            self.note_channel(event.channel, event.nonce)
            self._on_new_call(event)
        elif event.nonce.startswith("f") and event.context == FEATURE_CONTEXT:
            self.note_channel(event.channel, event.nonce)
            self._desk.started(event)
