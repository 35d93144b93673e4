"""Registering an agent's phone: REGISTER with digest authentication, sent from the address where he is to be called."""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import TYPE_CHECKING

from tests.rig.scenarios import RELAY_PORT

if TYPE_CHECKING:
    from tests.rig.relay import Address, SipMessage, SipRelay

_numbers = itertools.count(1)


async def register(
    relay: SipRelay,
    asterisk: Address,
    name: str,
    password: str,
    *,
    expires_seconds: int = 3600,
) -> None:
    """Register agent `name` at its front of `relay`; 0 seconds takes the registration back.

    Raises AssertionError when Asterisk refuses.
    """
    uri, call_id = f"sip:{asterisk[0]}:{asterisk[1]}", f"register-{next(_numbers)}-{name}@rig"
    challenge = await relay.ask(name, _register(uri, name, call_id, 1, expires_seconds, ""), call_id)
    credentials = _credentials(challenge, name, password, uri)
    reply = await relay.ask(name, _register(uri, name, call_id, 2, expires_seconds, credentials), call_id)
    assert reply.status == 200, f"Asterisk refuses to register {name}: {reply.text.splitlines()[0]}"


def _register(uri: str, name: str, call_id: str, cseq: int, expires_seconds: int, credentials: str) -> str:
    return "\r\n".join([
        f"REGISTER {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP 127.0.0.1:{RELAY_PORT};rport;branch=z9hG4bK-{call_id.partition('@')[0]}-{cseq}",
        f"From: <sip:{name}@127.0.0.1>;tag={name}",
        f"To: <sip:{name}@127.0.0.1>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        f"Contact: <sip:{name}@127.0.0.1:{RELAY_PORT}>",
        f"Expires: {expires_seconds}",
        *([credentials] if credentials else []),
        "Max-Forwards: 70",
        "Content-Length: 0",
        "\r\n",
    ])  # fmt: skip


def _credentials(challenge: SipMessage, name: str, password: str, uri: str) -> str:
    """The Authorization header that RFC 2617 (MD5, with or without qop=auth) asks for."""
    asked = challenge.header("WWW-Authenticate")
    assert asked, f"Asterisk did not ask {name} for his password: {challenge.text.splitlines()[0]}"
    terms = dict(re.findall(r'(\w+)="?([^",]*)"?', asked.partition(" ")[2]))
    secret, request = _md5(f"{name}:{terms['realm']}:{password}"), _md5(f"REGISTER:{uri}")
    extra, middle = "", ""
    if "qop" in terms:
        extra, middle = ', qop=auth, nc=00000001, cnonce="rig"', ":00000001:rig:auth"
    answer = _md5(f"{secret}:{terms['nonce']}{middle}:{request}")
    opaque = f', opaque="{terms["opaque"]}"' if "opaque" in terms else ""
    return (
        f'Authorization: Digest username="{name}", realm="{terms["realm"]}", nonce="{terms["nonce"]}", '
        f'uri="{uri}", response="{answer}", algorithm=MD5{opaque}{extra}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
