"""Does Asterisk answer SIP where phones are told to call?"""

import secrets
import socket

from cti.doctor.finding import Finding

_DEADLINE_SECONDS = 2.0


def examine_sip(host: str, port: int) -> Finding:
    """Send one OPTIONS request over UDP, as phones do to see whether their server lives; any answer will do."""
    subject = f"SIP at {host}:{port}"
    target = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(_DEADLINE_SECONDS)
        try:
            phone.connect((target, port))
            phone.send(_options(target, port, phone.getsockname()))
            answer = phone.recv(4096).decode(errors="replace")
        except OSError as error:
            reason = "no answer" if isinstance(error, TimeoutError) else error.strerror
            return Finding(
                subject, f"{reason}", "is Asterisk running, and does its transport in pjsip.conf bind this address?"
            )
    return Finding(subject, f"answers {answer.partition(' ')[2].partition(chr(13))[0]}")


def _options(host: str, port: int, own: tuple[str, int]) -> bytes:
    tag = secrets.token_hex(8)
    lines = (
        f"OPTIONS sip:{host}:{port} SIP/2.0", f"Via: SIP/2.0/UDP {own[0]}:{own[1]};rport;branch=z9hG4bK{tag}", "Max-Forwards: 1",
        f"From: <sip:doctor@{own[0]}>;tag={tag}", f"To: <sip:{host}:{port}>", f"Call-ID: {tag}@{own[0]}", "CSeq: 1 OPTIONS",
        "Content-Length: 0", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()
