"""Are the ports free? Asked before anything starts, so that the answer names the port and the cure."""

import errno
import socket
from dataclasses import dataclass

from cti.supervisor.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Needed:
    """A port that must be free, for what, and the variable that moves it."""

    host: str
    port: int
    kind: socket.SocketKind
    purpose: str
    variable: str


def needed_ports(settings: RunSettings) -> tuple[Needed, ...]:
    """Return what `hotline run` binds, the first of the RTP ports standing for all."""
    return (
        Needed(settings.sip_host, settings.sip_port, socket.SOCK_DGRAM, "SIP phones", "HOTLINE_SIP_PORT"),
        Needed("127.0.0.1", settings.ami_port, socket.SOCK_STREAM, "Asterisk's AMI", "HOTLINE_AMI_PORT"),
        Needed(settings.http_host, settings.http_port, socket.SOCK_STREAM, "API and metrics", "HOTLINE_HTTP_PORT"),
        Needed(settings.sip_host, settings.rtp_start, socket.SOCK_DGRAM, "sound (RTP)", "HOTLINE_RTP_START"),
    )


def complaints(settings: RunSettings) -> list[str]:
    """Return a sentence with the cure for each port that cannot be had."""
    return [text for need in needed_ports(settings) if (text := _complaint(need))]


def _complaint(need: Needed) -> str:
    family = socket.AF_INET6 if ":" in need.host else socket.AF_INET
    with socket.socket(family, need.kind) as probe:
        if need.kind is socket.SOCK_STREAM:  # as the servers do: a port in TIME_WAIT is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((need.host, need.port))
        except OSError as error:
            return _explain(need, error)
    return ""


def _explain(need: Needed, error: OSError) -> str:
    protocol = "UDP" if need.kind is socket.SOCK_DGRAM else "TCP"
    where = f"{protocol} port {need.port} on {need.host}, for {need.purpose},"
    if error.errno == errno.EADDRINUSE:
        option = "-u" if need.kind is socket.SOCK_DGRAM else "-t"
        return f"{where} is taken (`ss -lnp {option} 'sport = :{need.port}'` says by whom). Free it, or set {need.variable} to another."
    if error.errno == errno.EACCES:
        return f"{where} may not be used without root. Set {need.variable} to 1024 or more."
    return f"{where} cannot be used: {error.strerror}. Set {need.variable}, or the host, to another."
