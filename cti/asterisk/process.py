"""Starting an Asterisk with a rendered runtime folder, waiting until it answers, and stopping it."""

import ctypes
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from cti.asterisk.options import EVENTS_USER, RuntimeOptions
from cti.asterisk.runtime import RuntimeLayout
from cti.provision.asterisk import AsteriskInstall
from cti.provision.programs import Tool

READY_DEADLINE_SECONDS = 20.0
STOP_DEADLINE_SECONDS = 5.0
_LOG_LINES_SHOWN = 15
_PR_SET_PDEATHSIG = 1


class AsteriskNotReady(Exception):
    """Asterisk ended or did not answer in time; the message has the end of its log."""


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """In a child about to exec: ask Linux to send it a signal when the thread that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


def die_at_once_with_parent() -> None:
    """As die_with_parent, for a child that may be killed at any instant."""
    die_with_parent(signal.SIGKILL)


@dataclass(slots=True)
class AsteriskProcess:
    """A running Asterisk that belongs to this process."""

    process: subprocess.Popen[bytes]
    layout: RuntimeLayout
    options: RuntimeOptions
    install: AsteriskInstall

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def console_log(self) -> Path:
        """What it printed."""
        return self.layout.log / "console.log"

    def wait_ready(self, deadline_seconds: float = READY_DEADLINE_SECONDS) -> None:
        """Wait until it is fully booted and takes AMI logins. Raises AsteriskNotReady."""
        end = time.monotonic() + deadline_seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AsteriskNotReady(f"Asterisk ended with status {self.process.returncode}.\n{self.log_tail()}")
            if fully_booted(self.options):
                return
            time.sleep(0.02)
        raise AsteriskNotReady(
            f"Asterisk did not answer on its AMI port within {deadline_seconds:g} s.\n{self.log_tail()}"
        )

    def command(self, text: str, deadline_seconds: float = 5.0) -> str:
        """Run one command of Asterisk's own command line (`core show channels`) and return what it says."""
        argv = [*self.install.argv, "-C", str(self.layout.asterisk_conf), "-rx", text]
        environment = Tool(self.install.argv, self.install.env).environment()
        result = subprocess.run(  # noqa: S603 - our own Asterisk
            argv, env=environment, capture_output=True, text=True, timeout=deadline_seconds, check=False
        )
        return result.stdout

    def stop(self, deadline_seconds: float = STOP_DEADLINE_SECONDS) -> None:
        """End it: politely, after the deadline by force. Calls that are up end."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(deadline_seconds)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait(STOP_DEADLINE_SECONDS)

    def log_tail(self) -> str:
        """Return the last lines of its log and of what it printed."""
        lines: list[str] = []
        for file in (self.layout.log / "messages.log", self.console_log):
            if file.exists():
                lines += file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        return "\n".join(lines)


def launch_asterisk(install: AsteriskInstall, layout: RuntimeLayout, options: RuntimeOptions) -> AsteriskProcess:
    """Start Asterisk as a child and return at once. It ends when the calling thread does: call it from a lasting one."""
    console = layout.log / "console.log"
    with console.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own Asterisk
            [*install.argv, "-C", str(layout.asterisk_conf), "-f"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=Tool(install.argv, install.env).environment(),
            cwd=layout.asterisk,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one call into libc, no lock is taken
        )
    return AsteriskProcess(process, layout, options, install)


def start_asterisk(install: AsteriskInstall, layout: RuntimeLayout, options: RuntimeOptions) -> AsteriskProcess:
    """Start Asterisk with a runtime folder that `render_runtime` wrote, and wait until it is ready (about a second).

    Raises AsteriskNotReady; the process is gone then.
    """
    running = launch_asterisk(install, layout, options)
    try:
        running.wait_ready()
    except AsteriskNotReady:
        running.stop()
        raise
    return running


def fully_booted(options: RuntimeOptions) -> bool:
    """Tell whether an Asterisk takes the events user's login and says it is fully booted, within half a second."""
    login = (
        f"Action: Login\r\nUsername: {EVENTS_USER}\r\nSecret: {options.ami_secrets.events}\r\nEvents: system\r\n\r\n"
    )
    try:
        with socket.create_connection((options.ami_host, options.ami_port), timeout=0.5) as connection:
            connection.sendall(login.encode())
            heard = b""
            while chunk := connection.recv(4096):
                heard += chunk
                if b"Event: FullyBooted" in heard:
                    return True
    except OSError:
        return False
    return False
