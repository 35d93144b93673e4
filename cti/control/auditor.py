"""Compares our model with Asterisk every few seconds, repairs, and counts each repair as drift.

A difference counts only when two rounds in a row show it: between an event and a list of channels there is always a
moment in which they differ. So no agent stays stuck, and no caller forgotten, for more than two rounds.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping

import structlog

from acd.events import AgentLegCut, OfferCause, OfferFailed
from cti.ami.errors import ActionTimeout, LinkDown
from cti.ami.messages import ChannelRow
from cti.ami.switch import Switch
from cti.calls.state import ChannelPhase, decode_state
from cti.control.adoption import FALLBACK_CONTEXT, agent_of, read_channels
from cti.control.attachment import Attachment
from cti.control.phones import PhoneWatch
from cti.legs import LegPhase
from cti.router import Router, RouterState

ROUND_SECONDS = 4.0
_KINDS = {"c": "caller", "o": "agent"}  # by the first letter of our own id of a channel


class Auditor:
    """See the module. `run` is its task; `look` lists the channels, the switch itself unless told otherwise."""

    def __init__(
        self, switch: Switch, state: RouterState, router: Router, attachment: Attachment, phones: PhoneWatch, on_drift: Callable[[str], None],
        on_channels: Callable[[Mapping[str, int]], None] = lambda _channels: None,
        *, look: Callable[[], Awaitable[list[ChannelRow]]] | None = None,
    ) -> None:  # fmt: skip
        self._switch = switch
        self._look = look or switch.channels
        self._state = state
        self._router = router
        self._attachment = attachment
        self._phones = phones
        self._on_drift = on_drift
        self._on_channels = on_channels
        self._suspects: set[Hashable] = set()
        self.log = structlog.get_logger("auditor")

    async def run(self) -> None:
        """Audit until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.round(await self._look())
            except (ActionTimeout, LinkDown) as error:  # a link that calls need ends the attachment by itself
                self.log.warning("audit_unanswered", reason=str(error))

    async def round(self, rows: list[ChannelRow]) -> None:
        """One comparison with these channels."""
        self._on_channels(Counter(_KINDS.get(row.nonce[:1], "other") for row in rows))
        suspects: set[Hashable] = set()
        confirmed = self._confirm(suspects)
        alive = {row.nonce for row in rows}
        self._phones.look(rows)
        self._vanished(alive, confirmed)
        await asyncio.sleep(0)  # hundreds of rows take milliseconds: let a free agent's next call between
        await self._unknown(rows, confirmed)
        self._suspects = suspects

    def _confirm(self, suspects: set[Hashable]) -> Callable[[str, str], bool]:
        def confirmed(kind: str, subject: str) -> bool:
            suspects.add((kind, subject))
            return (kind, subject) in self._suspects

        return confirmed

    def _vanished(self, alive: Iterable[str], confirmed: Callable[[str, str], bool]) -> None:
        for call in list(self._state.calls.values()):
            if call.call not in alive and not call.gone and confirmed("call_vanished", call.call):
                self._repaired("call_vanished", call.call)
                call.hung_up(0)
        for leg in self._state.legs.all():
            if leg.nonce in alive or not confirmed("leg_vanished", leg.offer):
                continue
            self._repaired("leg_vanished", leg.offer)
            self._state.legs.drop(leg)
            if leg.phase is LegPhase.TALKING:
                call_found = self._state.calls.get(leg.call)
                self._router.talk_vanished(leg, caller_remains=call_found is not None and not call_found.gone)
            else:
                self._router.tell(OfferFailed(leg.offer, OfferCause.ERROR))

    async def _unknown(self, rows: list[ChannelRow], confirmed: Callable[[str, str], bool]) -> None:
        findings = read_channels(rows)
        # nobody waits on a channel for these
        lost = {leg.nonce for leg in findings.legs if leg.callback and leg.phase is not LegPhase.TALKING}
        for row in (*findings.orphans, *(row for row in rows if row.nonce in lost)):
            if self._state.legs.of_nonce(row.nonce) is None and confirmed("orphan_leg", row.nonce):
                self._repaired("orphan_leg", row.channel)
                await self._switch.hang_up(row.channel)
                self._router.tell(AgentLegCut(agent_of(row)))
        for found in findings.callers:
            if found.call not in self._state.calls and self._adoptable(found.row) and confirmed("call_adopted", found.call):
                self._repaired("call_adopted", found.call)
                await self._attachment.adopt_caller(found)
        for row in rows:
            await self._strayed(row, confirmed)

    @staticmethod
    def _adoptable(row: ChannelRow) -> bool:
        """A caller in the middle of the dialplan's first lines will send his own AsyncAGIStart."""
        return row.duration_seconds >= ROUND_SECONDS or decode_state(row.variables.get("ACD_STATE", "")).phase is not ChannelPhase.NEW

    async def _strayed(self, row: ChannelRow, confirmed: Callable[[str, str], bool]) -> None:
        """A caller whom the dialplan gave to the fallback while our heartbeat stood still, or who is elsewhere than his task believes."""
        call = self._state.calls.get(row.nonce)
        in_fallback = row.context == FALLBACK_CONTEXT and not row.bridge
        if call is None or not (in_fallback or call.elsewhere(row.context)) or not confirmed("taken_back", row.nonce):
            return
        self._repaired("taken_back", row.nonce)
        await call.take_back()

    def _repaired(self, kind: str, subject: str) -> None:
        self.log.warning("drift_repaired", kind=kind, subject=subject)
        self._on_drift(kind)
