"""Are the AMI users' rights right: everything that is needed, nothing that could do harm? Pure."""

import re
from collections.abc import Iterable, Mapping

from cti.doctor.finding import Finding

# Actions the server sends; each belongs to a write class of manager.conf.
NEEDED_ACTIONS = {
    "AGI": "agi", "Setvar": "call", "Getvar": "call", "Redirect": "call", "Hangup": "call", "AbsoluteTimeout": "call",
    "Originate": "originate", "CoreShowChannels": "reporting", "CoreSettings": "reporting", "DBGetTree": "reporting",
}  # fmt: skip
# Who may do one of these owns the machine, or can stop all calls.
HARMFUL_ACTIONS = {
    "Command": "command", "UpdateConfig": "config", "CreateConfig": "config", "GetConfig": "config", "Reload": "config or system",
    "ModuleLoad": "system", "DBDel": "system", "DBPut": "system", "Filter": "system", "UserEvent": "user",
}  # fmt: skip
NEEDED_EVENTS = {"FullyBooted": "system", "Hangup": "call", "VarSet": "dialplan"}
_PRIVILEGE = re.compile(r"\(Priv: ([^)]*)\)")


def action_findings(user: str, allowed: Mapping[str, str]) -> list[Finding]:
    """Judge the acting user by what ListCommands tells him he may do."""
    missing = {right for action, right in NEEDED_ACTIONS.items() if action not in allowed}
    return [_missing(user, "write", missing), _surplus(user, allowed)]


def hearing_findings(user: str, allowed: Mapping[str, str], heard: Iterable[str]) -> list[Finding]:
    """Judge the hearing user by what he may do (nothing) and by the events he heard of a test call."""
    known = set(heard)
    missing = {right for event, right in NEEDED_EVENTS.items() if event not in known}
    return [_missing(user, "read", missing), _idle(user, allowed)]


def needs_right(description: str) -> bool:
    """Tell whether an action of ListCommands needs any right (some are open to every user)."""
    found = _PRIVILEGE.search(description)
    return found is not None and "<none>" not in found[1]


def _missing(user: str, kind: str, missing: set[str]) -> Finding:
    subject = f"AMI user {user}, {kind} rights"
    if not missing:
        return Finding(subject, "all that are needed")
    rights = ",".join(sorted(missing))
    return Finding(
        subject, f"missing: {rights}", f"add {rights} to `{kind} =` of [{user}] in manager.conf, then `manager reload`"
    )


def _surplus(user: str, allowed: Mapping[str, str]) -> Finding:
    subject = f"AMI user {user}, surplus rights"
    harmful = sorted(action for action in HARMFUL_ACTIONS if action in allowed)
    if not harmful:
        return Finding(subject, "none that could do harm")
    rights = ", ".join(sorted({HARMFUL_ACTIONS[action] for action in harmful}))
    return Finding(
        subject, f"may {', '.join(harmful)}",
        f"take {rights} from `write =` of [{user}] in manager.conf: it needs {','.join(sorted(set(NEEDED_ACTIONS.values())))} only",
    )  # fmt: skip


def _idle(user: str, allowed: Mapping[str, str]) -> Finding:
    subject = f"AMI user {user}, surplus rights"
    can = sorted(action for action, description in allowed.items() if needs_right(description))
    if not can:
        return Finding(subject, "none: it only hears")
    return Finding(
        subject,
        f"may do {len(can)} actions, {', '.join(can[:5])} …",
        f"leave `write =` of [{user}] in manager.conf empty",
    )
