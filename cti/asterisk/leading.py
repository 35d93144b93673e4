"""Where agents may lead their callers, as the dialplan knows it: queues, colleagues, and what `dialing.yaml` lists for it.

A number that is not here is refused to the agent's phone, and his talk goes on.
"""

from collections.abc import Sequence

from cti.asterisk.outside import extension_of
from cti.dialing import Dialing, Purpose

#: The rule under which agents' phones are dialled; no rule of dialing.yaml can be called so.
COLLEAGUES = "0agents"
RING_SECONDS = 20
TALK_SECONDS = 14_400


def transfer_numbers(dialing: Dialing, colleagues: Sequence[tuple[str, str]], queues: Sequence[str]) -> str:
    """Return the lines of `hotline-transfer`. colleagues: extensions with devices. queues: extensions."""
    targets = [*queues, *(extension for extension, _ in colleagues), *(pattern for _, pattern in _outside(dialing))]
    return "\n".join(f"exten => {extension_of(target)},1,Goto(hotline-led,${{EXTEN}},1)" for target in dict.fromkeys(targets))


def consult_numbers(dialing: Dialing, colleagues: Sequence[tuple[str, str]]) -> str:
    """Return the lines of `hotline-consult`: an agent calls by himself, by the same rules."""
    rules = {extension: COLLEAGUES for extension, _ in colleagues}
    for rule, pattern in _outside(dialing):
        rules.setdefault(pattern, rule)
    return "\n".join(line for pattern, rule in rules.items() for line in _consult(pattern, rule))


def colleague_context(colleagues: Sequence[tuple[str, str]]) -> str:
    """Return the context that rings a colleague, unless his phone is in use."""
    if not colleagues:
        return ""
    return "\n".join([f"[hotline-out-{Purpose.TRANSFER}-{COLLEAGUES}]", *(line for extension, device in colleagues for line in _ring(extension, device))])


def _outside(dialing: Dialing) -> list[tuple[str, str]]:
    return [(rule.name, pattern) for rule in dialing.rules if Purpose.TRANSFER in rule.purposes for pattern in rule.numbers]


def _consult(pattern: str, rule: str) -> list[str]:
    return [
        f"exten => {extension_of(pattern)},1,Set(OUT_SAY=)",
        f" same => n,Set(OUT_ORDER={rule}!${{EXTEN}}!0!0!ring!)",
        f" same => n,Gosub(hotline-outside,s,1({Purpose.TRANSFER}))",
        " same => n,Hangup(${HANGUPCAUSE})",
    ]


def _ring(extension: str, device: str) -> list[str]:
    limits = {"OUT_DEVICE": device, "OUT_RING": RING_SECONDS, "OUT_TALK": TALK_SECONDS, "OUT_MAX": 0, "OUT_SHOWN": ""}
    first, *others = (f"Set(LOCAL({name})={value})" for name, value in limits.items())
    return [
        f"exten => {extension},1,{first}",
        *(f" same => n,{other}" for other in others),
        " same => n,Set(OUT_RESULT=BUSY:17:0:${MARK})",
        f' same => n,GotoIf($["${{DEVICE_STATE({device})}}" != "NOT_INUSE"]?hotline-outside,dial,over)',
        " same => n,Goto(hotline-outside,dial,ring)",
    ]
