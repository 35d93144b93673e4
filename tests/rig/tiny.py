"""A tiny static Asterisk for the tests of the rig itself: no server of ours, a few extensions, two prompts a language."""

from __future__ import annotations

import random
import wave
from typing import TYPE_CHECKING

from cti.asterisk.runtime import templates_folder
from tests.rig.asterisk import RTP_PORTS, AsteriskServer, Ports, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from cti.provision.asterisk import AsteriskInstall

_MODULES = (
    "res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject res_pjsip res_pjsip_session res_pjsip_sdp_rtp "
    "res_pjsip_caller_id res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest "
    "res_pjsip_endpoint_identifier_user res_pjsip_endpoint_identifier_ip res_rtp_asterisk res_timing_timerfd chan_pjsip "
    "codec_ulaw codec_resample format_pcm format_wav res_musiconhold pbx_config bridge_simple bridge_holding app_bridgewait app_playback app_read "
    "app_echo app_dial app_verbose res_pjsip_registrar func_channel func_callerid func_strings func_logic func_timeout res_pjsip_pubsub res_cdrel_custom cel_custom"
)
_PEER = "type=endpoint\ncontext={context}\ndisallow=all\nallow=ulaw\ndirect_media=no\nrtp_symmetric=yes\nsend_connected_line=no\n"


def tiny_asterisk(
    install: AsteriskInstall,
    folder: Path,
    dialplan: str,
    *,
    agents: tuple[str, ...] = (),
    password: str = "",
) -> AsteriskServer:
    """Write the configuration below `folder`; prompts belong in `<folder>/sounds`, hold music in `<folder>/moh`.

    `agents` register, and call, with `password`.
    """
    ports = Ports()
    var, etc = folder / "var", folder / "etc"
    for made in (folder / "sounds", folder / "moh", var / "run", var / "log", var / "spool", var / "db"):
        made.mkdir(parents=True, exist_ok=True)
    (folder / "documentation").symlink_to(install.datadir / "documentation")
    write_tree(etc, {
        "asterisk.conf": f"""[directories]
astetcdir => {etc}
astmoddir => {install.moddir}
astvarlibdir => {folder}
astdatadir => {folder}
astdbdir => {var}/db
astkeydir => {var}
astagidir => {var}
astspooldir => {var}/spool
astrundir => {var}/run
astlogdir => {var}/log
""",
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in _MODULES.split()),
        "logger.conf": "[logfiles]\nmessages.log => notice,warning,error\n",
        "rtp.conf": f"[general]\nrtpstart={ports.rtp}\nrtpend={ports.rtp + RTP_PORTS - 1}\n",
        "musiconhold.conf": f"[default]\nmode=files\ndirectory={folder}/moh\n",
        "extensions.conf": dialplan,
        "pjsip.conf": _pjsip(ports.sip, agents, password),
        **{name: (templates_folder() / name).read_text(encoding="utf-8") for name in ("cel.conf", "cel_custom.conf")},
    })  # fmt: skip
    return AsteriskServer(install, etc, var / "log", ports)


def _pjsip(sip_port: int, agents: tuple[str, ...], password: str) -> str:
    parts = [
        f"[transport]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{sip_port}\n",
        f"[global]\ntype=global\nendpoint_identifier_order=auth_username,username,ip\n\n[trunk]\n{_PEER.format(context='in')}[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.1\n",
    ]
    for name in agents:
        parts += [
            f"[{name}]\n{_PEER.format(context='agents')}aors={name}\nauth={name}\nidentify_by=username,auth_username\n",
            f"[{name}]\ntype=auth\nauth_type=userpass\nusername={name}\npassword={password}\n",
            f"[{name}]\ntype=aor\nmax_contacts=1\nremove_existing=yes\n",
        ]
    return "\n".join(parts)


def write_sounds(folder: Path) -> None:
    """Prompts and music that are as awkward as real ones: no whole number of packets, pauses before and inside."""
    speech = {name: random.Random(name).randbytes(length) for name, length in {
        "zh/hotline/main/welcome-1": 4_321, "zh/hotline/main/menu-1": 6_400, "en/hotline/main/welcome-1": 3_999, "en/hotline/main/menu-1": 2_480,
    }.items()}  # fmt: skip
    pause = b"\xff" * 1_000
    speech["zh/hotline/main/menu-1"] = (
        speech["zh/hotline/main/menu-1"][:3_333] + pause + speech["zh/hotline/main/menu-1"][3_333:]
    )
    speech["en/hotline/main/menu-1"] = pause + speech["en/hotline/main/menu-1"]
    for name, audio in speech.items():
        file = folder / "sounds" / f"{name}.ulaw"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(audio)
    with wave.open(str(folder / "moh" / "song.wav"), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(8000)
        song.writeframes(random.Random("song").randbytes(2 * 8000 * 20))
