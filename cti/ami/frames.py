"""AMI bytes to frames: an incremental splitter that no chunk boundary and no malformed message can upset.

A frame is the headers of one AMI message. Characters are decoded per frame, so a character split over two TCP
reads is whole again. A message over FRAME_LIMIT bytes is dropped and counted; the link stays up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

FRAME_LIMIT = 262_144
SEPARATOR = b"\r\n\r\n"
#: Headers that occur once in every genuine message; a second one is the mark of a forged event.
ONCE = frozenset({"Event", "Response", "Uniqueid", "Channel", "ActionID", "CommandId"})


@dataclass(slots=True)
class Frame:
    """One AMI message: `headers` by name as sent, `variables` from its `ChanVariable` lines, `forged` if a header
    that can only occur once occurred twice, a channel variable included."""

    headers: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    forged: bool = False


def parse_frame(text: str) -> Frame:
    """Parse the lines of one message (without the blank line). Lines without a colon are ignored."""
    headers: dict[str, str] = {}
    variables: dict[str, str] = {}
    forged = False
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        if value[:1] == " ":
            value = value[1:]
        if name == "ChanVariable":
            key, _, content = value.partition("=")
            forged = forged or key in variables
            variables[key] = content
        elif name in headers:
            forged = forged or name in ONCE
        else:
            headers[name] = value
    return Frame(headers, variables, forged)


class FrameSplitter:
    """Collects bytes and yields the text of each complete message.

    `banner` is the protocol line Asterisk greets with, `dropped` counts messages over FRAME_LIMIT bytes.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._skipping = False
        self.banner: str | None = None
        self.dropped = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """Take one TCP read; yield each message that it completes, decoded as UTF-8 (bad bytes become U+FFFD)."""
        self._buffer = self._buffer + data if self._buffer else data
        if self.banner is None and not self._take_banner():
            return
        if SEPARATOR not in self._buffer:
            self._limit()
            return
        *frames, self._buffer = self._buffer.split(SEPARATOR)
        for frame in frames:
            if self._skipping or len(frame) > FRAME_LIMIT:
                self._skipping = False
                self.dropped += 1
                continue
            # Asterisk ends some events (TestEvent) with two blank lines; without this the next event would be lost
            yield frame.lstrip(b"\r\n").decode("utf-8", "replace")
        self._limit()

    def _take_banner(self) -> bool:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            self._limit()
            return False
        if line.startswith(b"Asterisk Call Manager/"):
            self.banner, self._buffer = line.decode("ascii", "replace"), rest
        else:
            self.banner = ""
        return True

    def _limit(self) -> None:
        if len(self._buffer) > FRAME_LIMIT:
            self._skipping = True
            self._buffer = self._buffer[-3:]  # the separator may be split over two reads
