"""The caller whom his agent leads on: to another line, to a colleague, to somebody outside.

A blind transfer brings him to the dialplan's `hotline-transfer`, which writes down the number and hands him over; after an
attended one he talks on, and comes by himself when that talk is over. Either way the agent's leg ends as after any talk.
"""

from dataclasses import replace

from cti.calls.caller import BackFromOutside, Caller, Place, TalkOver
from cti.calls.outside import RESULT, Outside
from cti.calls.start import Start
from cti.calls.state import ChannelPhase
from cti.calls.waiting import RETURN_SECONDS, Waiting
from cti.dialing import Result, read_result
from ivr.events import DialOutcome, QueueLeft

LED_TO = "LED_TO"
#: With whom a channel is in a bridge of two; Asterisk keeps it.
PEER = "BRIDGEPEER"


class Leading:
    """See the module. `away` while he talks, or is put through, where he was led."""

    def __init__(self, caller: Caller, start: Start, waiting: Waiting, outside: Outside) -> None:
        self._caller = caller
        self._services = caller.services
        self._start = start
        self._waiting = waiting
        self._outside = outside
        self._over: TalkOver | None = None
        self._attended = False

    @property
    def away(self) -> bool:
        """Whether he was led on and is not back yet."""
        return self._over is not None

    def found(self) -> None:
        """He was found after a talk with an agent, and his session waits for its end."""
        start = self._start
        over = TalkOver(start.served, start.served_by, 0.0, lost=False)
        if self._caller.place is Place.OUTSIDE:
            self._over, self._attended = over, start.state.phase is ChannelPhase.HOLD
        else:
            self._caller.place = Place.TALK
            self._caller.inbox.put_nowait(over)

    async def after_talk(self, over: TalkOver) -> QueueLeft | None:
        """The talk with an agent is over: back to the flow with him, or where the agent leads him (None).

        Raises LineGone, AmiError.
        """
        caller, switch = self._caller, self._services.switch
        peer = await switch.get_variable(caller.channel, PEER)
        if over.leg and peer not in ("", over.leg):  # the agent has joined the two and is gone
            self._over, self._attended, caller.place = replace(over, lost=False), True, Place.OUTSIDE
            self._services.records.led(caller.call, agent=over.agent, to="", attended=True)
            return None
        ticket, _, number = (await switch.get_variable(caller.channel, LED_TO)).rpartition("!")
        if not number or ticket != f"talk-{over.offer}:{over.agent}":
            return await self._waiting.come_back(over)
        caller.place = Place.LINE
        await caller.line.await_return(RETURN_SECONDS)
        result = read_result(await switch.get_variable(caller.channel, RESULT))
        if result.mark == _mark(over):  # a server before this one had him put through
            return await self._put_through(replace(over, lost=False), result)
        await self._lead(replace(over, lost=False), number)
        return None

    async def _lead(self, over: TalkOver, number: str) -> None:
        target = self._services.leads(number)
        self._services.records.led(self._caller.call, agent=over.agent, to=number, attended=False)
        if target is not None and target.rule is not None:
            self._over, self._attended = over, False
            await self._outside.lead(target.rule, target.number, _mark(over))
            return
        if target is None:
            self._caller.log.warning("lead_not_allowed", number=number, agent=over.agent)
        await self._waiting.lead_to(target.queue if target is not None else "")

    async def come_back(self, signal: BackFromOutside) -> QueueLeft | None:
        """He is back from where he was led: to the flow with him, or to the line first if nobody was there (None).

        Raises LineGone, AmiError.
        """
        over, caller = self._over, self._caller
        assert over is not None
        if self._attended:
            self._over = None
            self._services.records.led_back(caller.call)
            return await self._waiting.come_back(over)
        result = read_result(await self._services.switch.get_variable(caller.channel, RESULT))
        if not signal.surely and result.mark != _mark(over):
            return None
        self._over, caller.place = None, Place.LINE
        await caller.line.await_return(RETURN_SECONDS)
        return await self._put_through(over, result)

    async def _put_through(self, over: TalkOver, result: Result) -> QueueLeft | None:
        self._outside.led(result)
        if result.outcome is DialOutcome.ANSWERED:
            return await self._waiting.come_back(over)
        await self._waiting.lead_to("")
        return None


def _mark(over: TalkOver) -> str:
    """What ties an order to the talk that it followed: small letters and digits."""
    return over.offer.replace("-", "")
