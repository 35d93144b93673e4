"""The allow-list as the dialplan knows it: a context for each rule and purpose, with the rule's own limits.

So Asterisk itself refuses what is not listed, whatever a channel variable says.
"""

from collections.abc import Iterator

from cti.dialing import Dialing, Purpose, Rule

NEVER_CONTEXT = "hotline-out-never"


def outside_contexts(dialing: Dialing) -> str:
    """Return the contexts that `hotline-outside` of extensions.conf looks into: `hotline-out-<purpose>-<rule>`, and the numbers never dialled."""
    lines = [f"[{NEVER_CONTEXT}]", *(f"exten => {extension_of(pattern)},1,NoOp()" for pattern in dialing.never)]
    for rule in dialing.rules:
        for purpose in sorted(rule.purposes):
            lines += ["", f"[hotline-out-{purpose}-{rule.name}]", *_rule_lines(rule, dialing.caller_number)]
    return "\n".join(lines)


def _rule_lines(rule: Rule, caller_number: str) -> Iterator[str]:
    limits = (
        f"OUT_DEVICE={rule.device.replace('{number}', '${EXTEN}')}", f"OUT_RING={rule.ring_seconds}", f"OUT_TALK={rule.talk_seconds}",
        f"OUT_MAX={rule.max_calls}", f"OUT_SHOWN={caller_number}",
    )  # fmt: skip
    for pattern in rule.numbers:
        first, *others = (f"Set(LOCAL({name})={value})" for name, _, value in (limit.partition("=") for limit in limits))
        yield f"exten => {extension_of(pattern)},1,{first}"
        yield from (f" same => n,{other}" for other in others)
        yield " same => n,Goto(hotline-outside,dial,1)"


def demo_lines(dialing: Dialing) -> str:
    """Return the lines of `hotline-entry` that play whoever is called, where calls to the outside come back to this Asterisk.

    A customer who is called back is the demo's one caller.
    """
    played = [(pattern, "customer" if rule.purposes == {Purpose.CALLBACK} else "s") for rule in dialing.rules for pattern in rule.numbers]
    return "\n".join(f"exten => {extension_of(pattern)},1,Goto(hotline-demo,{extension},1)" for pattern, extension in played)


def extension_of(pattern: str) -> str:
    """The dialplan's extension of a number or pattern of the allow-list."""
    return pattern if pattern.isdecimal() else f"_{pattern}"
