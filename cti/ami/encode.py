"""Actions to AMI bytes: the one choke point through which every outgoing value passes."""

from collections.abc import Sequence

from cti.ami.errors import UnsafeValue

LINE_LIMIT_BYTES = 1000
Headers = Sequence[tuple[str, str]]


def check_value(name: str, value: str) -> str:
    """Return `value` if it stays inside its header line.

    Raises UnsafeValue for CR, LF or NUL (a lone LF ends a line too in Asterisk) and for lines over 1,000 bytes.
    """
    if "\r" in value or "\n" in value or "\0" in value:
        raise UnsafeValue(f"{name}: a line break or NUL inside a value would inject AMI lines; encode it")
    if len(name) + 2 + len(value.encode()) > LINE_LIMIT_BYTES:
        raise UnsafeValue(f"{name}: {len(value)} characters; Asterisk takes lines of at most {LINE_LIMIT_BYTES} bytes")
    return value


def encode_action(action: str, action_id: str, headers: Headers) -> bytes:
    """One action as bytes. `headers` are (name, value) pairs in order, repeated names allowed (`Variable`).

    Raises UnsafeValue; nothing is sent then.
    """
    lines = [f"Action: {check_value('Action', action)}", f"ActionID: {check_value('ActionID', action_id)}"]
    lines += [f"{check_value('header', name)}: {check_value(name, value)}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def agi_quote(value: str) -> str:
    """One AGI argument, quoted so that Asterisk's parser gives back the same text (it eats quotes and backslashes).

    Raises UnsafeValue for control characters.
    """
    if any(ord(character) < 32 for character in value):
        raise UnsafeValue("an AGI argument must not hold control characters")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
