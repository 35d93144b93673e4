"""The caller and somebody outside: how he is put through, and how he comes back. Asterisk rings, joins and ends it by itself.

An order carries a mark, which comes back with its result: so a restarted server can tell whether what its session waits for
was done already, and nobody is dialled twice.
"""

from cti.calls.caller import BackFromOutside, Caller, Place
from cti.calls.line import playback_argument
from cti.calls.start import Start
from cti.calls.state import ChannelPhase, decode_state
from cti.dialing import Result, Rule, order, read_result
from ivr.commands import Dial
from ivr.events import DialEnded, DialOutcome

RETURN_SECONDS = 2.0
#: The wait of a caller whose session is lost; no interpreter knows it.
ADOPTED = "adopted"
RESULT = "OUT_RESULT"


class Outside:
    """See the module."""

    def __init__(self, caller: Caller, start: Start) -> None:
        self._caller = caller
        self._services = caller.services
        self._token = ""
        self._mark = str((start.session or {}).get("token") or "")
        self._rule = ""
        self._talking_since = caller.services.clock.now() if start.outside and start.state.phase is ChannelPhase.TALK else None

    @property
    def without_session(self) -> bool:
        """Whether he is outside though his session is lost."""
        return self._token == ADOPTED

    def go_on(self) -> Dial:
        """His session is lost: what to perform, so that he is left where he is."""
        self._token, self._mark = ADOPTED, ""
        return Dial(ADOPTED, "", None, None, music=False, say=(), say_language="")

    # ---- to the outside

    async def dial(self, command: Dial) -> None:
        """Put the caller through, if the number is listed; one who is being put through already is left alone.

        Raises LineGone, AmiError.
        """
        self._token = command.token
        if self._caller.place is Place.OUTSIDE:
            return
        number = self._services.dialing.normal(command.number)
        rule = self._services.dialing.allows(number)
        if rule is None:
            self._caller.log.warning("dial_not_allowed", number=command.number)
            self._caller.inbox.put_nowait(self._ended(Result(DialOutcome.NOT_ALLOWED)))
            return
        self._mark, self._rule, self._talking_since = command.token, rule.name, None
        self._services.records.dialling(self._caller.call, rule=rule.name)
        ring, talk = int(command.ring_seconds or 0), int(command.talk_seconds or 0)
        what = order(rule, number, ring_seconds=ring, talk_seconds=talk, music=command.music, mark=command.token)
        await self._leave(what, _say(command), "dial")

    async def lead(self, rule: Rule, number: str, mark: str) -> None:
        """Put the caller through where his agent leads him. Raises LineGone, AmiError."""
        self._mark, self._rule, self._talking_since = mark, rule.name, None
        await self._leave(order(rule, number, mark=mark), "", "lead")

    def led(self, result: Result) -> None:
        """Keep how that went."""
        self._services.records.dialled(self._caller.call, rule=self._rule, outcome=result.outcome, talk_seconds=result.talk_seconds)

    async def _leave(self, what: str, say: str, to: str) -> None:
        caller, switch = self._caller, self._services.switch
        await switch.set_variable(caller.channel, "OUT_SAY", say)
        await switch.set_variable(caller.channel, "OUT_ORDER", what)
        await caller.enter_phase(ChannelPhase.DIAL, Place.OUTSIDE)
        await caller.line.leave(to)

    def state_set(self, value: str) -> None:
        """The dialplan has written where he stands: he talks now."""
        if self._talking_since is None and decode_state(value).phase is ChannelPhase.TALK:
            self._talking_since = self._services.clock.now()

    def hung_up(self) -> None:
        """The caller is gone: if he talked, that is how his call ended."""
        if self._caller.place is not Place.OUTSIDE or self._talking_since is None:
            return
        talk_seconds = self._services.clock.now() - self._talking_since
        self._caller.inbox.put_nowait(self._ended(Result(DialOutcome.ANSWERED), talk_seconds, hung_up=True))

    # ---- back to the flow

    async def come_back(self, signal: BackFromOutside) -> DialEnded | None:
        """The channel is in AsyncAGI: with the result, or None if that was another entry than the one awaited.

        Raises LineGone, AmiError.
        """
        result = read_result(await self._services.switch.get_variable(self._caller.channel, RESULT))
        if not signal.surely and self._mark not in ("", result.mark):
            return None
        self._caller.place = Place.LINE
        await self._caller.line.await_return(RETURN_SECONDS)
        await self._caller.enter_phase(ChannelPhase.IVR, Place.LINE)
        return self._ended(result, result.talk_seconds)

    async def found(self, token: str | None) -> DialEnded | None:
        """The caller was found in AsyncAGI with a session that waits for the outside: its result, or None if he was not put through yet.

        Raises AmiError.
        """
        result = read_result(await self._services.switch.get_variable(self._caller.channel, RESULT))
        if token is None or not self._mark or result.mark != self._mark:
            return None
        self._token = token
        return self._ended(result, result.talk_seconds)

    def _ended(self, result: Result, talk_seconds: float = 0.0, *, hung_up: bool = False) -> DialEnded:
        self._services.records.dialled(self._caller.call, rule=self._rule, outcome=result.outcome, talk_seconds=talk_seconds)
        return DialEnded(self._token, result.outcome, talk_seconds, self._rule, hung_up)


def _say(command: Dial) -> str:
    """What the other side hears, as OUT_SAY wants it; what one line of Asterisk's cannot hold is left out."""
    return f"{command.say_language}:{playback_argument(command.say)[0]}" if command.say else ""
