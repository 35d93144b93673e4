"""Keeps Asterisk and the server running until told to stop."""

import fcntl
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cti.asterisk.process import AsteriskNotReady, AsteriskProcess, launch_asterisk, start_asterisk
from cti.cli.console import BAD_INPUT, LOST_OWNERSHIP
from cti.provision.errors import ProvisionError, SettingError
from cti.provision.programs import Tool
from cti.supervisor.banner import banner
from cti.supervisor.children import Child, Restarts
from cti.supervisor.prepare import Prepared, Say
from cti.supervisor.settings import RunSettings

_LOOK_SECONDS = 0.05
_STEPPED_BACK_SECONDS = 5.0
_READY_DEADLINE_SECONDS = 30.0
_SERVER_STOP_SECONDS = 4.0
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Supervisor:
    """Asterisk and the server as children of this process; one thread, which must be the main one.

    with_server False keeps Asterisk alone, for a server that runs elsewhere (a container, a debugger).
    """

    def __init__(self, settings: RunSettings, prepared: Prepared, say: Say, *, with_server: bool = True) -> None:
        self._settings = settings
        self._prepared = prepared
        self._say = say
        self._with_server = with_server
        self._stop = threading.Event()
        self._last_words = ""
        self._was_ready = False
        self._told_ready = False
        self._told_slow = False
        self._told_back = False
        self._asterisk_restarts = Restarts()
        self._asterisk_started_at = 0.0
        self._asterisk: AsteriskProcess | None = None
        self.server = Child(
            name="server",
            argv=[sys.executable, "-m", "cti.cli.main", "serve", "--settings", str(settings.layout.settings)],
            log=settings.layout.root / "server.log",
            environment=Tool(()).environment(),
        )

    def run(self) -> int:
        """Start both, keep both, stop both at a signal. Returns the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        try:
            return self._run()
        finally:
            self._say("stopping")
            self.server.stop(_SERVER_STOP_SECONDS)
            if self._asterisk:
                self._asterisk.stop()

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _run(self) -> int:
        try:
            self._asterisk = start_asterisk(self._prepared.install, self._settings.layout, self._prepared.options)
        except AsteriskNotReady as error:
            raise ProvisionError(f"{error}\nThe whole log is in {self._settings.layout.log}.") from error
        self._asterisk_started_at = time.monotonic()
        if self._with_server:
            self._start_server()
        else:
            self._say(f"Asterisk runs. Server: hotline serve --settings {self._settings.layout.settings}")
        status: int | None = None
        while status is None and not self._stop.wait(_LOOK_SECONDS):
            self._look_after_asterisk()
            status = self._look_after_server() if self._with_server else None
        return status or 0

    def _start_server(self) -> None:
        self.server.start()
        self._told_ready = self._told_slow = False
        if self.server.process:
            path = self._settings.layout.root / "server.pid"
            fresh = path.with_suffix(".part")
            fresh.write_text(f"{self.server.process.pid}\n", encoding="ascii")
            fresh.replace(path)

    def _announce(self) -> None:
        """Say once that the server is ready, the first time with what to do next, or once that it takes long."""
        waited = time.monotonic() - self.server.started_at
        if self.server.process and self._ready():
            pid = self.server.process.pid
            again = f"The server takes calls again, as process {pid}."
            self._say(again if self._was_ready else banner(self._settings, self._prepared.options, pid))
            self._was_ready = self._told_ready = True
            self._told_back = False
        elif waited > _READY_DEADLINE_SECONDS and not self._told_slow:
            self._told_slow = True
            self._say(
                f"The server is not ready after {waited:.0f} s; still trying. Its log ends:\n{self.server.last_words()}"
            )

    def _ready(self) -> bool:
        address = f"http://{self._settings.http_host}:{self._settings.http_port}/readyz"
        try:
            with urllib.request.urlopen(address, timeout=0.5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _look_after_server(self) -> int | None:
        """Start the server again when it has ended. Returns a status when there is nothing to be gained by it."""
        status = self.server.ended()
        if status is None:
            if not self._told_ready:
                self._announce()
            return None
        if status == BAD_INPUT:
            return self._refused(self.server.message())
        if status == LOST_OWNERSHIP:
            self._step_back()
            return None
        words = self.server.last_words()
        pause = self.server.restarts.after(time.monotonic() - self.server.started_at)
        self._say(f"The server ended ({_how(status)}); callers stay in Asterisk. Starting it again in {pause:.1f} s.")
        if status > 0 and words != self._last_words:
            self._say(f"Its last words, more in {self.server.log}:\n{words}")
            self._last_words = words
        if not self._stop.wait(pause):
            self._start_server()
        return None

    def _step_back(self) -> None:
        """Try again in a while: a server that merely stood still (a frozen machine) must come back, and one that finds
        another alive on this Asterisk refuses by itself, touching nothing."""
        if not self._told_back:
            self._told_back = True
            self._say(
                f"The server has stepped back: another one has taken this Asterisk over, or this machine stood still. Trying again every "
                f"{_STEPPED_BACK_SECONDS:.0f} s; while another server is alive here, this one stays out. It said:\n{self.server.message()}"
            )
        end = time.monotonic() + _STEPPED_BACK_SECONDS
        while time.monotonic() < end and not self._stop.wait(_LOOK_SECONDS):
            self._look_after_asterisk()
        if not self._stop.is_set():
            self._start_server()

    def _refused(self, words: str) -> int | None:
        """The configuration is bad: at the first start end with that status; later wait, for callers may be in Asterisk."""
        if not self._was_ready:
            self._say(f"The server refuses its configuration:\n{words}\nMend it and start again.")
            return BAD_INPUT
        self._say(
            f"The server refuses its configuration:\n{words}\nAsterisk keeps the callers. Mend the files: it is started as soon as they change."
        )
        before = self._configuration_times()
        while not self._stop.wait(_LOOK_SECONDS):
            self._look_after_asterisk()
            if self._configuration_times() != before:
                self._start_server()
                break
        return None

    def _configuration_times(self) -> dict[Path, int]:
        """When each file of flows and configuration was changed last."""
        folders = (self._settings.flows_dir, self._settings.config_dir)
        return {file: file.stat().st_mtime_ns for folder in folders for file in sorted(folder.rglob("*.yaml"))}

    def _look_after_asterisk(self) -> None:
        """Start Asterisk again when it has ended; the server finds it by itself."""
        if self._asterisk is None or self._asterisk.process.poll() is None:
            return
        status = self._asterisk.process.returncode
        pause = self._asterisk_restarts.after(time.monotonic() - self._asterisk_started_at)
        self._say(f"Asterisk ended ({_how(status)}); its calls are gone. Starting it again in {pause:.1f} s.")
        if not self._stop.wait(pause):
            self._asterisk = launch_asterisk(self._prepared.install, self._settings.layout, self._prepared.options)
            self._asterisk_started_at = time.monotonic()


def _how(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"status {status}"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the runtime folder for the block. Raises SettingError when another `hotline run` has it, or nobody can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w", encoding="ascii")
    except OSError as error:
        raise SettingError(
            f"The runtime folder {folder} cannot be used: {error.strerror}. Make it writable, or set HOTLINE_RUN_DIR to another."
        ) from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingError(
                f"Another `hotline run` uses {folder}. Stop it, or set HOTLINE_RUN_DIR and the ports for a second one."
            ) from None
        yield
