"""Rows and events as Asterisk would send them, for tests."""

from cti.ami.messages import (
    AgiEnded,
    AgiExecuted,
    AgiStarted,
    BridgeEntered,
    ChannelHungUp,
    ChannelRinging,
    ChannelRow,
    ChannelUp,
    DigitReceived,
    VariableSet,
)

CALLER = "PJSIP/trunk-00000001"
AGENT = "PJSIP/agent01-00000002"


def row(nonce, *, channel="", state="Up", context="hotline-in", application="AGI", bridge="", ticket="", acd_state="", seconds=30, extension="s"):
    variables = {"ACD_CALL": nonce, "ACD_STATE": acd_state, "ACD_OFFER": ticket}
    name = channel or (AGENT if nonce.startswith("o") else f"PJSIP/trunk-{nonce}")
    return ChannelRow(name, f"u-{nonce}", state, context, extension, application, "", bridge, seconds, "139", variables)


def leg_state(agent, call, queue="billing"):
    return f"1!leg!{queue}!gold!0!0!zh!0!{agent}:{call}"


def event(kind, channel, nonce, **more):
    return kind(channel, f"u-{nonce}", nonce, {"ACD_CALL": nonce}, **more)


def started(nonce, channel=CALLER, context="hotline-in", called="95598"):
    return event(AgiStarted, channel, nonce, caller_number="139", called_number=called, context=context, language="zh")


def executed(nonce, command_id, result=0, channel=CALLER, data=""):
    return event(AgiExecuted, channel, nonce, command_id=command_id, result=result, data=data)


def agi_ended(nonce, channel=CALLER):
    return event(AgiEnded, channel, nonce)


def pressed(nonce, digit, channel=CALLER):
    return event(DigitReceived, channel, nonce, digit=digit)


def hung_up(nonce, cause=16, channel=CALLER):
    return event(ChannelHungUp, channel, nonce, cause=cause)


def ringing(nonce, channel=AGENT):
    return event(ChannelRinging, channel, nonce)


def up(nonce, channel=AGENT):
    return event(ChannelUp, channel, nonce)


def joined(nonce, channel=AGENT, holding=False, bridge="b1"):
    return event(BridgeEntered, channel, nonce, bridge=bridge, holding=holding)


def refused(nonce, channel=AGENT):
    return event(VariableSet, channel, nonce, name="ACD_REFUSED", value="1")
