"""Callers whose number is a forged AMI event: what Asterisk decodes and writes raw into its event stream."""

from __future__ import annotations


def forged_from_user(*events: dict[str, str], number: str = "1") -> str:
    """A SIP From user that ends the event it stands in and adds complete `events` of its own.

    Each dict is one AMI message, its first key being `Event`. Percent-encoded as RFC 3261 escapes; SIPp sends it as it is.
    """
    messages = "".join(
        "\r\n\r\n" + "\r\n".join(f"{name}: {value}" for name, value in event.items()) for event in events
    )
    return number + _escaped(f"{messages}\r\n\r\n")


def forged_hangup(channel: str, uniqueid: str) -> str:
    """A caller who claims that somebody else's channel hung up."""
    return forged_from_user(
        {"Event": "Hangup", "Channel": channel, "Uniqueid": uniqueid, "Linkedid": uniqueid, "Cause": "16"},
    )


def forged_digit(channel: str, uniqueid: str, digit: str) -> str:
    """A caller who presses a key on somebody else's call."""
    return forged_from_user(
        {
            "Event": "DTMFEnd",
            "Channel": channel,
            "Uniqueid": uniqueid,
            "Linkedid": uniqueid,
            "Digit": digit,
            "Direction": "Received",
            "DurationMs": "100",
        },
    )


def _escaped(text: str) -> str:
    return "".join(
        char if char.isascii() and char.isalnum() else "".join(f"%{byte:02x}" for byte in char.encode())
        for char in text
    )
