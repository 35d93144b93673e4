"""The caller whom his agent leads on: to another line, to a colleague, to somebody outside.

A blind transfer brings him to the dialplan's `hotline-transfer`, which writes down the number and hands him over; after an
attended one he talks on, and comes by himself when that talk is over. Either way the agent's leg ends as after any talk.
"""

from dataclasses import replace

from acd.config import Agent
from cti.calls.caller import BackFromOutside, Caller, Place, TalkOver
from cti.calls.colleague import Colleague
from cti.calls.outside import RESULT, Outside
from cti.calls.start import Start
from cti.calls.state import ChannelPhase, decode_state
from cti.calls.waiting import RETURN_SECONDS, Waiting
from cti.dialing import Result, read_result
from cti.leading import Transferred
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
        self._colleague = Colleague(caller)
        self._told = False  # what became of it

    @property
    def away(self) -> bool:
        """Whether he was led on and is not back yet."""
        return self._over is not None

    async def found(self) -> None:
        """He was found after a talk with an agent, and his session waits for its end. Raises AmiError."""
        start = self._start
        over = TalkOver(start.served, start.served_by, 0.0, lost=False)
        self._services.records.talked_unseen(start.call, offer=start.served, agent=start.served_by, tier=start.state.tier)
        if self._caller.place is Place.OUTSIDE:
            self._over, self._attended = over, start.state.phase is ChannelPhase.HOLD
            await self._found_with_another(over, start.state.phase)
        else:
            self._caller.place = Place.TALK
            self._caller.inbox.put_nowait(over)

    async def _found_with_another(self, over: TalkOver, phase: ChannelPhase) -> None:
        """He talks with, or is being put through to, whom his agent has led him to; what became of it was told if they talk."""
        variable = await self._services.switch.get_variable(self._caller.channel, PEER if self._attended else LED_TO)
        if self._attended:
            colleague = self._services.queue.colleague_at(variable)
            self._colleague.name = colleague.name if colleague is not None else ""
        else:
            target = self._services.leads(variable.rpartition("!")[2])
            self._colleague.name = target.agent if target is not None else ""
        self._told = phase is not ChannelPhase.DIAL
        if self._told:
            self._colleague.talks(over.offer)

    def state_set(self, value: str) -> None:
        """The dialplan has written where he stands: he talks now."""
        if self._over is not None and decode_state(value).phase is ChannelPhase.TALK:
            self._talks(self._over)

    def hung_up(self) -> None:
        """The caller is gone."""
        if self.away:
            self._tell(Transferred.ABANDONED)
            self._colleague.is_done()

    def _talks(self, over: TalkOver) -> None:
        self._colleague.talks(over.offer)
        self._tell(Transferred.COLLEAGUE if self._colleague.name else Transferred.OUTSIDE)

    def _tell(self, outcome: Transferred) -> None:
        if not self._told:
            self._services.records.transferred(self._caller.state.queue, outcome, attended=self._attended)
        self._told = True

    async def after_talk(self, over: TalkOver) -> QueueLeft | None:
        """The talk with an agent is over: back to the flow with him, or where the agent leads him (None).

        Raises LineGone, AmiError.
        """
        caller, switch = self._caller, self._services.switch
        self._told = False
        peer = await switch.get_variable(caller.channel, PEER)
        if over.leg and peer not in ("", over.leg):  # the agent has joined the two and is gone
            self._joined(replace(over, lost=False), self._services.queue.colleague_at(peer))
            return None
        ticket, _, number = (await switch.get_variable(caller.channel, LED_TO)).rpartition("!")
        if not number or ticket != f"talk-{over.offer}:{over.agent}":
            return await self._waiting.come_back(over)
        caller.place = Place.LINE
        await caller.line.await_return(RETURN_SECONDS)
        result = read_result(await switch.get_variable(caller.channel, RESULT))
        if result.mark == _mark(over):  # a server before this one had him put through, and told of the talk if there was one
            self._told = result.outcome is DialOutcome.ANSWERED
            return await self._put_through(replace(over, lost=False), result)
        await self._lead(replace(over, lost=False), number)
        return None

    def _joined(self, over: TalkOver, colleague: Agent | None) -> None:
        self._over, self._attended, self._caller.place = over, True, Place.OUTSIDE
        self._services.records.led(self._caller.call, agent=over.agent, to=colleague.extension if colleague is not None else "", attended=True)
        self._colleague.name = colleague.name if colleague is not None else ""
        self._talks(over)

    async def _lead(self, over: TalkOver, number: str) -> None:
        self._attended = False
        target = self._services.leads(number)
        self._services.records.led(self._caller.call, agent=over.agent, to=number, attended=False)
        if target is not None and target.rule is not None:
            self._over, self._colleague.name = over, target.agent
            await self._outside.lead(target.rule, target.number, _mark(over))
            return
        if target is None:
            self._caller.log.warning("lead_not_allowed", number=number, agent=over.agent)
        self._tell(Transferred.REFUSED if target is None else Transferred.LINE)
        await self._waiting.lead_to(target.queue if target is not None else "")

    async def come_back(self, signal: BackFromOutside) -> QueueLeft | None:
        """He is back from where he was led: to the flow with him, or to the line first if nobody was there (None).

        Raises LineGone, AmiError.
        """
        over, caller = self._over, self._caller
        assert over is not None
        if self._attended:
            self._over = None
            self._colleague.is_done()
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
            self._tell(Transferred.COLLEAGUE if self._colleague.name else Transferred.OUTSIDE)
            self._colleague.is_done()
            return await self._waiting.come_back(over)
        self._tell(Transferred.FAILED)
        await self._waiting.lead_to("")
        return None


def _mark(over: TalkOver) -> str:
    """What ties an order to the talk that it followed: small letters and digits."""
    return over.offer.replace("-", "")
