"""SIPp scenarios, generated: one for whoever calls, one for whoever is called.

The caller's fields come from a CSV line: number called; number calling (as it stands in the From); RTP port.
In square brackets stand SIPp's keywords. Requests that begin with X come from the relay: the test's own commands.
"""

from __future__ import annotations

_SDP = """v=0
o=rig 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio {port} RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-16
a=ptime:20
a=sendrecv
"""
_REFUSALS = (302, 400, 403, 404, 408, 410, 480, 481, 482, 484, 486, 488, 491, 500, 501, 503, 504, 600, 603)
FORWARDED_TO = "95598"  # where a phone that answers 302 wants its calls to go
REFUSALS = {
    302: "Moved Temporarily",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    503: "Service Unavailable",
    603: "Decline",
}
LAST_CSEQ = 20  # of a BYE: below it the relay numbers requests of its own
RELAY_PORT = "RELAYPORT"  # the relay writes its own port in its place: there Asterisk reaches us


def caller(asterisk_port: int, *, username: str = "", password: str = "") -> str:
    """A caller: invites, is answered, then waits for XBYE or for Asterisk's BYE; XCANCEL before the answer cancels.

    With a password Asterisk must ask for it first (agents who call feature codes).
    """
    uri = f"sip:[field0]@127.0.0.1:{asterisk_port}"
    cseq = 2 if password else 1
    challenge = ""
    if password:
        challenge = f"""{_invite(uri, 1)}
<recv response="100" optional="true"/>
<recv response="401" auth="true"/>
{_ack_of_refusal(uri, 1)}"""
    credentials = f"[authentication username={username} password={password}]\n" if password else ""
    return _scenario(f"""{challenge}
{_invite(uri, cseq, credentials)}
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
{_refusals(50)}
<recv request="XCANCEL" optional="true" next="40"/>
<recv response="200"/>
{_request("ACK", uri, cseq, "[branch]")}
<label id="10"/>
<recv request="BYE" optional="true" next="30"/>
<recv response="200" optional="true" next="15"/>
<recv request="INVITE" optional="true" next="20"/>
<recv request="XBYE"/>
{_request("BYE", uri, cseq + LAST_CSEQ, "[branch]", retransmit=True)}
<recv request="BYE" optional="true" next="30"/>
<recv response="481" optional="true" next="99"/>
<recv response="200" next="99"/>
<label id="15"/>
{_request("ACK", uri, cseq, "[branch]")}
<nop next="10"/>
<label id="20"/>
{_reply("200 OK", media_port="[field2]")}
<recv request="ACK" next="10"/>
<label id="30"/>
{_reply("200 OK")}
<nop next="99"/>
<label id="40"/>
{_request("CANCEL", uri, cseq, _invite_branch(cseq), retransmit=True, to_tag="")}
<recv response="200"/>
<recv response="487"/>
{_ack_of_refusal(uri, cseq)}
<nop next="99"/>
<label id="50"/>
{_ack_of_refusal(uri, cseq)}
<label id="99"/>""")


def called() -> str:
    """Somebody who is called: does what the test says, one command after the other.

    XRING: 180. XANSWER with `X-Port`: 200 with that RTP port. XREFUSE486 (or another of REFUSALS). XBYE: hang up.
    CANCEL and BYE are answered at once. The orders stand twice, since SIPp takes none while it steps over a jump.
    """
    asked = "\n".join(f'<recv request="XREFUSE{status}" optional="true" next="{status}"/>' for status in REFUSALS)
    refusals = '\n<nop next="98"/>\n'.join(
        f'<label id="{status}"/>\n{_reply(f"{status} {reason}", tagged=True, retransmit=True, contact=FORWARDED_TO if status == 302 else "rig")}'
        for status, reason in REFUSALS.items()
    )
    orders = f"""<recv request="CANCEL" optional="true" next="40"/>
<recv request="XRING" optional="true" next="6"/>
{asked}
<recv request="XANSWER" next="8"><action><ereg regexp="[0-9]+" search_in="hdr" header="X-Port:" assign_to="port"/></action></recv>"""
    return _scenario(f"""<recv request="INVITE"><action>
  <ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/>
  <ereg regexp="sip:[^&gt;]*" search_in="hdr" header="Contact:" assign_to="peer"/>
  <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="their"/>
  <ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="our"/>
</action></recv>
{orders}
<label id="6"/>
{_reply("180 Ringing", tagged=True)}
{orders}
<label id="8"/>
{_reply("200 OK", tagged=True, media_port="[$port]", retransmit=True)}
<recv request="CANCEL" optional="true" next="9"/>
<recv request="ACK" next="10"/>
<label id="9"/>
{_reply("200 OK")}
<recv request="ACK"/>
<label id="10"/>
<recv request="BYE" optional="true" next="30"/>
<recv request="ACK" optional="true" next="10"/>
<recv request="INVITE" optional="true" next="20"/>
<recv request="XBYE"/>
<send retrans="500"><![CDATA[
BYE [$peer] SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{RELAY_PORT};rport;branch=[branch]
From: [$our];tag=[pid]-[call_number]
To: [$their]
Call-ID: [call_id]
CSeq: {LAST_CSEQ} BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="BYE" optional="true" next="30"/>
<recv response="481" optional="true" next="99"/>
<recv response="200" next="99"/>
<label id="20"/>
{_reply("200 OK", media_port="[$port]")}
<recv request="ACK" next="10"/>
<label id="30"/>
{_reply("200 OK")}
<nop next="99"/>
<label id="40"/>
{_reply("200 OK", tagged=True)}
{_reply("487 Request Terminated", tagged=True, cseq="CSeq: [$cseq] INVITE", retransmit=True)}
<recv request="ACK" next="99"/>
{refusals}
<label id="98"/>
<recv request="ACK"/>
<label id="99"/>""")


def _scenario(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="rig">\n{body}\n</scenario>\n'


def _invite_branch(cseq: int) -> str:
    return f"z9hG4bK-[pid]-[call_number]-invite{cseq}"


def _invite(uri: str, cseq: int, extra_headers: str = "") -> str:
    head = _request_head("INVITE", uri, cseq, _invite_branch(cseq), "")
    sdp = _SDP.format(port="[field2]")
    return f"""<send retrans="500"><![CDATA[
{head}Contact: <sip:rig@127.0.0.1:{RELAY_PORT}>
{extra_headers}Content-Type: application/sdp
Content-Length: [len]

{sdp}
]]></send>"""


def _request(
    method: str,
    uri: str,
    cseq: int,
    branch: str,
    *,
    retransmit: bool = False,
    to_tag: str = "[peer_tag_param]",
) -> str:
    head = _request_head(method, uri, cseq, branch, to_tag)
    return f"""<send{' retrans="500"' if retransmit else ""}><![CDATA[
{head}Content-Length: 0

]]></send>"""


def _request_head(method: str, uri: str, cseq: int, branch: str, to_tag: str) -> str:
    return f"""{method} {uri} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{RELAY_PORT};rport;branch={branch}
From: <sip:[field1]@127.0.0.1>;tag=[pid]-[call_number]
To: <{uri}>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Max-Forwards: 70
"""


def _ack_of_refusal(uri: str, cseq: int) -> str:
    return _request("ACK", uri, cseq, _invite_branch(cseq))


def _refusals(label: int) -> str:
    return "\n".join(f'<recv response="{status}" optional="true" next="{label}"/>' for status in _REFUSALS)


def _reply(
    status: str,
    *,
    tagged: bool = False,
    media_port: str = "",
    cseq: str = "[last_CSeq:]",
    retransmit: bool = False,
    contact: str = "rig",
) -> str:
    body = (
        f"Content-Type: application/sdp\nContent-Length: [len]\n\n{_SDP.format(port=media_port)}"
        if media_port
        else "Content-Length: 0\n"
    )
    return f"""<send{' retrans="500"' if retransmit else ""}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{";tag=[pid]-[call_number]" if tagged else ""}
[last_Call-ID:]
{cseq}
Contact: <sip:{contact}@127.0.0.1:{RELAY_PORT}>
{body}
]]></send>"""
