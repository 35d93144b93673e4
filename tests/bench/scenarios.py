"""What the callers of a bench do, as SIPp scenarios."""

_HEAD = """From: <sip:{number}@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
Max-Forwards: 70
Contact: <sip:bench@[local_ip]:[local_port]>
"""


def _invite(number: str) -> str:
    return f"""<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
{_HEAD.format(number=number, tag="")}CSeq: 1 INVITE
Content-Type: application/sdp
Content-Length: [len]

v=0
o=bench 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 96
a=rtpmap:0 PCMU/8000
a=rtpmap:96 telephone-event/8000
a=fmtp:96 0-16
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200"/>
{_request("ACK", number, 1)}"""


def _request(method: str, number: str, cseq: int) -> str:
    return f"""<send><![CDATA[
{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
{_HEAD.format(number=number, tag="[peer_tag_param]")}CSeq: {cseq} {method}
Content-Length: 0

]]></send>"""


_TAKE_BYE = """<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>"""


def _scenario(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="bench">\n{body}\n</scenario>\n'


def waits_to_the_end(number: str) -> str:
    """Waits until Asterisk says goodbye."""
    return _scenario(f"{_invite(number)}\n{_TAKE_BYE}")


def loses_patience(number: str, after_ms: int) -> str:
    """Waits until Asterisk says goodbye, or hangs up after so many milliseconds."""
    patient = f'<recv request="BYE" timeout="{after_ms}" ontimeout="tired"/>'
    took_bye = _TAKE_BYE.partition("\n")[2]
    return _scenario(
        f'{_invite(number)}\n{patient}\n{took_bye}\n<nop next="end"/>\n<label id="tired"/>\n{_request("BYE", number, 2)}\n<recv response="200"/>\n<label id="end"/>'
    )


def presses_and_hangs_up(number: str, keys: tuple[tuple[int, str], ...], last_ms: int) -> str:
    """Presses each key after so many milliseconds, and hangs up `last_ms` after the last one."""
    presses = "\n".join(f'<pause milliseconds="{pause}"/>\n<nop><action><exec play_dtmf="{key}"/></action></nop>' for pause, key in keys)
    return _scenario(f'{_invite(number)}\n{presses}\n<pause milliseconds="{last_ms}"/>\n{_request("BYE", number, 2)}\n<recv response="200"/>')
