"""Performs on a caller's channel what takes time there or outside: prompts, recordings, backends."""

import asyncio

from cti.backends.base import BackendError
from cti.calls.caller import HANGUP_SECONDS, Caller, Cut
from cti.calls.line import LineGone, Played, Recorded
from ivr.commands import CallBackend, Play, Record
from ivr.events import BackendFailed, BackendReplied, FailReason, PlayEnded, RecordEnded

#: Asterisk stops a prompt at the digit by itself; only a digit that came in a gap between commands needs a move.
STOP_SECONDS = 0.15
#: Asterisk's tone before a recording.
BEEP_SECONDS = 0.4


class Performer:
    """See the module. How something ended comes to the caller's inbox."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._services = caller.services
        self._playing: tuple[str, asyncio.Task[None]] | None = None
        self._recording: tuple[Record, float] | None = None

    # ---- prompts

    def play(self, command: Play) -> None:
        """Begin to play."""
        self._playing = (command.token, self._caller.spawn(self._play(command), "play"))

    async def _play(self, command: Play) -> None:
        try:
            played = await self._caller.line.play(command.prompts, command.language, barge_in=command.barge_in)
        except LineGone:
            played = Played.FAILED
        if played is Played.FAILED:  # a hang-up ends the prompt before it is told itself: the flow must not go on as if all had been heard
            await self._caller.line.gone_within(HANGUP_SECONDS)
        self._caller.inbox.put_nowait(Cut(command) if played is Played.BY_KEY else PlayEnded(command.token, bool(played)))

    async def stop(self, token: str) -> None:
        """Stop the prompts of this token. Raises LineGone, AmiError."""
        if self._playing is None or self._playing[0] != token:
            return
        done, _ = await asyncio.wait([self._playing[1]], timeout=STOP_SECONDS)
        self._playing = None
        if not done:
            await self._caller.line.fetch()

    def stop_waiting(self) -> None:
        """The call is over: nobody waits for the end of a prompt any more."""
        if self._playing is not None:
            self._playing[1].cancel()

    # ---- recordings

    def record(self, command: Record) -> None:
        """Begin to record."""
        self._recording = (command, self._services.clock.now())
        self._caller.spawn(self._record(command), "record")

    async def _record(self, command: Record) -> None:
        path = str(self._services.spool / f"{command.name}.wav")
        try:
            recorded = await self._caller.line.record(path, command.silence_seconds, command.max_seconds, command.finish_keys)
        except LineGone:
            recorded = Recorded.FAILED
        if recorded is Recorded.FAILED:  # the end of a recording by hang-up is told before the hang-up itself, which then reports it
            await self._caller.line.gone_within(HANGUP_SECONDS)
        silence_seconds = command.silence_seconds if recorded is Recorded.BY_SILENCE else 0.0
        self._recording_over(ok=recorded is not Recorded.FAILED, silence_seconds=silence_seconds)

    def hung_up(self) -> None:
        """The caller is gone: what he has said so far counts."""
        self._recording_over(ok=True, hung_up=True)

    def _recording_over(self, *, ok: bool, hung_up: bool = False, silence_seconds: float = 0.0) -> None:
        if self._recording is None:
            return
        command, began = self._recording
        self._recording = None
        seconds = max(0.0, self._services.clock.now() - began - BEEP_SECONDS - silence_seconds)
        self._caller.inbox.put_nowait(RecordEnded(command.token, command.name, seconds, ok=ok, hung_up=hung_up))

    # ---- backends

    def call_backend(self, command: CallBackend) -> None:
        """Begin to ask a backend."""
        self._caller.spawn(self._call_backend(command), "backend")

    async def _call_backend(self, command: CallBackend) -> None:
        caller, services = self._caller, self._services
        if command.idempotency_key is not None:
            await services.sessions.flush()  # the key is on record before the effect can happen
        try:
            backend = services.backends[command.backend]
            value = await backend.call(
                command.operation, command.arguments, idempotency_key=command.idempotency_key, timeout_seconds=command.timeout_seconds
            )
        except KeyError:
            caller.inbox.put_nowait(BackendFailed(command.token, FailReason.INVALID))
        except BackendError as error:
            caller.log.warning("backend_failed", backend=command.backend, operation=command.operation, reason=error.reason.value)
            caller.inbox.put_nowait(BackendFailed(command.token, FailReason(error.reason.value)))
        else:
            services.records.replied(caller.call, command.operation, command.arguments, value)
            caller.inbox.put_nowait(BackendReplied(command.token, value))
