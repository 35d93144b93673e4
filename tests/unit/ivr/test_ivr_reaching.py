"""Names worked out at run time are checked as if they were written out; a caller who presses nothing comes to an end."""

from dataclasses import replace

import pytest

from ivr.flows import load_flows
from ivr.known import Known
from ivr.walker import Walker
from tests.unit.ivr.ivr_room import CALL, KNOWN, NOON, ROOT, files, findings, flow_text

WAIT = "wait: {type: queue, queue: '${where}', tier: gold, outcomes: {served: bye}, on_error: bye}"
CHOOSE = "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': {next: wait, set: {where: billing}}, '2': {next: wait, set: {where: biling}}}}"
FOUND = "a: {type: lookup, backend: crm, operation: who, with: {number: '1'}, into: found, next: b, on_error: bye}"


def shown(texts: dict[str, str], known: Known = KNOWN) -> list[str]:
    return [f"{f.line}:{f.column} {f.code}: {f.message} ({f.cure})" for f in findings(texts, known)]


def flow(steps: str, variables: str = "where: text", **others: str) -> dict[str, str]:
    return files(flow_text(steps, variables=variables), **others)


def test_a_queue_that_comes_through_a_variable_is_checked_where_it_is_set():
    assert shown(flow(f"{CHOOSE}\n{WAIT}")) == [
        '11:126 unknown-queue: no queue "biling", and it comes to main.yaml:12 (did you mean "billing"?)'
    ]
    assert shown(flow(f"{CHOOSE.replace('biling', 'general')}\n{WAIT}")) == []


def test_it_is_followed_through_set_and_over_flows():
    sub = flow_text(WAIT.replace("wait:", "a:"), name="sub", variables="where: text")
    steps = """
    a: {type: set, set: {first: faults}, next: b}
    b: {type: set, set: {where: "${first}"}, next: c}
    c: {type: goto, flow: sub, with: {where: "${where}"}}
    """
    (found,) = findings(flow(steps, "where: text\nfirst: text", sub=sub))
    assert (found.path, found.line, found.code) == ("main.yaml", 12, "unknown-queue"), "told where it is written"
    assert found.message == 'no queue "faults", and it comes to sub.yaml:11'


def test_a_name_given_to_a_fragment_is_told_where_it_is_given():
    sub = flow_text(WAIT.replace("wait:", "a:"), name="sub", variables="where: text")
    part = "version: 1\nfragment: part\nstart: x\nparameters: {queue: }\nsteps: {x: {type: goto, flow: sub, with: {where: $queue}}}\n"
    found = findings(flow("a: {type: include, fragment: part, with: {queue: nowhere}}", sub=sub, part=part))
    assert [(f.path, f.line, f.column, f.code) for f in found] == [("main.yaml", 11, 52, "unknown-queue")]


def test_it_is_followed_back_from_a_called_flow():
    sub = flow_text("a: {type: set, set: {its: nowhere}, next: return}", name="sub", variables="its: text")
    steps = "a: {type: call, flow: sub, take: {where: its}, next: wait}\n" + WAIT
    (found,) = findings(flow(steps, sub=sub))
    assert (found.path, found.code) == ("sub.yaml", "unknown-queue")


def test_what_can_be_anything_is_asked_to_be_told():
    steps = f"{FOUND}\nb: {{type: set, set: {{where: '${{found.customer.tier}}'}}, next: wait}}\n{WAIT}"
    variables = "where: text\nfound: data"
    (warning,) = findings(flow(steps, variables))
    assert (warning.code, warning.line, warning.severity) == ("open-name", 14, "warning")
    assert "one_of" in warning.cure
    assert shown(flow(steps, "where: {type: text, one_of: [billing, general]}\nfound: data")) == []
    (wrong,) = findings(flow(steps, "where: {type: text, one_of: [billing, fault]}\nfound: data"))
    assert (wrong.code, wrong.line) == ("unknown-queue", 6)
    assert findings(flow(steps, variables), replace(KNOWN, queues=None)) == ()


def test_digits_can_be_anything():
    digits = "a: {type: collect, say: {zh: 好, en: Good}, into: where, next: wait}"
    assert [finding.code for finding in findings(flow(f"{digits}\n{WAIT}"))] == ["open-name"]


def test_skills_are_checked_for_all_languages():
    steps = "a: {type: queue, queue: billing, tier: gold, needs: [\"${'lang_' + call.language}\"], outcomes: {served: bye}, on_error: bye}"
    assert shown(flow(steps)) == []
    no_english = replace(KNOWN, skills=frozenset({"lang_zh"}))
    assert [line.split(",")[0] for line in shown(flow(steps), no_english)] == [
        '11:56 unknown-skill: no skill "lang_en"'
    ]
    nobody = replace(KNOWN, staffed=frozenset({"lang_zh"}))
    assert [finding.code for finding in findings(flow(steps), nobody)] == ["skill-nobody"]


def test_phrases_put_together_must_be_there():
    steps = """
    a: {type: menu, say: {zh: 好, en: Good}, choices: {"1": {next: b, set: {where: wrong}}, "2": {next: b, set: {where: left}}}}
    b: {type: say, say: {zh: "${phrase(where)}。", en: "${phrase(where)}."}, next: bye}
    """
    assert [line.split(",")[0] for line in shown(flow(steps))] == ['11:118 unknown-phrase: no phrase "left"']


@pytest.mark.parametrize(
    ("variables", "steps", "code"),
    [
        ("where: {type: text, value: east, one_of: [billing]}", "a: {type: hangup}", "bad-value"),
        ("where: {type: number, one_of: [billing]}", "a: {type: hangup}", "bad-type"),
        ("where: {type: text, one_of: [billing]}", "a: {type: set, set: {where: general}, next: bye}", "bad-value"),
        ("where: {type: text, one_of: [billing]}", "a: {type: set, set: {where: ''}, next: bye}", None),
    ],
)
def test_one_of_is_checked_at_load(variables, steps, code):
    assert [finding.code for finding in findings(flow(steps, variables))] == ([code] if code else [])


def test_one_of_holds_at_run_time():
    steps = f"{FOUND}\nb: {{type: set, set: {{where: '${{found.customer.tier}}'}}, next: bye, on_error: c}}\nc: {{type: hangup, reason: other}}"
    flows = load_flows(flow(steps, "where: {type: text, one_of: [billing]}\nfound: data"), KNOWN)
    for tier, reason in (("billing", "done"), ("east", "other"), ("", "done")):
        walker = Walker(flows, CALL, lambda _call, tier=tier: {"found": True, "customer": {"tier": tier}}, NOON)
        assert walker.session.ended.reason == reason


ASK = "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': bye}, on_timeout: "


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (ASK + "a}", ["a"]),
        (ASK + "b}\nb: {type: say, say: {zh: 好, en: Good}, next: a}", ["a"]),
        (ASK.replace("bye", "a") + "bye}", []),
        (
            ASK
            + """b}
            b: {type: set, set: {n: '${n + 1}'}, next: c}
            c: {type: branch, cases: [{when: n > 3, next: bye}], otherwise: a}""",
            [],
        ),
        (ASK + "b}\nb: {type: queue, queue: billing, tier: gold, outcomes: {served: bye}, on_error: a}", []),
    ],
)
def test_a_caller_who_presses_nothing_is_let_go(steps, found):
    loops = [
        f for f in findings(flow("\n".join(map(str.strip, steps.splitlines())), "n: number")) if f.code == "silent-loop"
    ]
    assert [finding.message.split('"')[1] for finding in loops] == found
    assert all(finding.severity == "warning" for finding in loops)


FOLDERS = [ROOT / "flows", *sorted(path for path in (ROOT / "flows/examples").iterdir() if path.is_dir())]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_false_is_said_of_the_projects_own_flows(folder):
    """What a change breaks in them is found (the other tests); unchanged, they have no finding at all."""
    assert load_flows(folder).warnings == ()
