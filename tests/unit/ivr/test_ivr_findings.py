"""Everything a flow author can get wrong is found at load, with its place and a cure."""

import pytest

from ivr.document import BadDocument
from ivr.flows import Known, load_flows
from tests.unit.ivr.ivr_room import KNOWN, PHRASES, ROOT, files, findings, flow_text, load

SAY = "a: {type: say, say: {zh: 好, en: Good}, next: bye}"
MENU = "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': bye}"


def shown(steps: str, **keywords) -> list[str]:
    """line:column code: message (cure) of everything wrong with these steps; line 1 is their first."""
    text = flow_text(steps, **keywords)
    first = text[: text.index("\nsteps:")].count("\n") + 2
    return [f"{f.line - first}:{f.column} {f.code}: {f.message} ({f.cure})" for f in findings(files(text))]


def test_good_flows_have_no_findings():
    assert shown(SAY) == []


@pytest.mark.parametrize(("start", "cure"), [("return", "known: a, bye"), ("by", 'did you mean "bye"?')])
def test_a_flow_begins_with_a_step(start, cure):
    (found,) = findings(files(flow_text(SAY, start=start)))
    assert (found.code, found.cure) == ("unknown-step", cure)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("a: {type: sai, next: bye}", '1:13 unknown-type: no step type "sai" (did you mean "say"?)'),
        ("a: {next: bye}", '1:3 missing-key: step "a" needs "type" (add "type:")'),
        ("a: [x]", '1:6 not-a-table: step "a" must be a table of keys and values (write "key: value" lines)'),
        (
            "a: {type: say, say: {zh: 好, en: Good}, nxt: bye}",
            '1:42 unknown-key: step "a" has no key "nxt" (did you mean "next"?)',
        ),
        ("a: {type: say, say: {zh: 好, en: Good}}", '1:3 missing-key: step "a" needs "next" (add "next:")'),
        (
            "a: {type: say, say: {zh: 好, en: Good}, next: by}",
            '1:48 unknown-step: no step "by" (did you mean "bye"?)',
        ),
        ("a: {type: say, say: {zh: 好}, next: bye}", '1:23 missing-language: no text for "en" (add en: "…")'),
        ("a: {type: say, say: {zh: 好, en: ''}, next: bye}", '1:31 missing-language: no text for "en" (add en: "…")'),
        (
            "a: {type: say, say: {zh: 好, en: Good, e: x}, next: bye}",
            '1:41 unknown-language: no language "e" (did you mean "en"?)',
        ),
        (
            "a: {type: say, say: Hello, next: bye}",
            "1:23 bad-text: a text must be given by language (write one text per language: {zh: …, en: …})",
        ),
        (
            "a: {type: say, say: {phrase: wrnog}, next: bye}",
            '1:32 unknown-phrase: no phrase "wrnog" (did you mean "wrong"?)',
        ),
        (
            "a: {type: say, say: {phrase: wrong, zh: 好}, next: bye}",
            "1:23 bad-text: phrase: must name one phrase and stand alone (write {phrase: id})",
        ),
        (
            "a: {type: say, say: {zh: 好, en: Good}, barge_in: no, next: bye}",
            '1:52 bad-value: "barge_in" must be true or false, not "no" (write true or false)',
        ),
        (
            MENU + ", retries: many}",
            '1:73 bad-value: "retries" must be a whole number, not "many" (write 2, say)',
        ),
        (MENU + ", retries: 12}", '1:73 bad-value: "retries" is 12 (write a whole number from 0 to 9)'),
        (
            MENU + ", first_digit_seconds: 5 s}",
            '1:85 bad-value: "first_digit_seconds" must be a number, not "5 s" (write 5, say)',
        ),
        (
            "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': bye, 'A': bye}}",
            '1:63 bad-key: "A" is no key (keys are 0-9, "*" and "#", each in quotes)',
        ),
        (
            "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': bye, '12': bye}}",
            '1:53 prefix-key: "1" begins "12" too (add inter_digit_seconds: to wait for the longer one, or use another key)',
        ),
        (
            "a: {type: menu, say: {zh: 好, en: Good}, choices: {'1': }}",
            '1:53 missing-target: key "1" leads nowhere (write "1": <step>)',
        ),
        (
            "a: {type: menu, say: {zh: 好, en: Good}, choices: {}}",
            '1:52 no-choices: step "a" offers no key (add "1": <step>)',
        ),
        (
            "a: {type: menu, say: {zh: 好, en: Good}}",
            '1:3 missing-key: step "a" needs "choices" (add "choices:")',
        ),
        (
            "a: {type: confirm, say: {zh: 好, en: Good}, yes: bye, no: bye, no_key: '1'}",
            '1:3 bad-key: yes_key and no_key must be two different keys (write "1" and "2", say)',
        ),
        (
            "a: {type: branch, cases: [{when: 1 + 1, next: bye}], otherwise: bye}",
            "1:36 bad-type: 1 + 1 is a number, not true or false (compare it with something, e.g. == or >)",
        ),
        (
            "a: {type: branch, cases: [{when: nope, next: bye}], otherwise: bye}",
            "1:36 bad-expression: in `nope`: undeclared reference to 'nope' (declare it under vars:)",
        ),
        (
            "a: {type: branch, cases: [{when: call.langage == 'zh', next: bye}], otherwise: bye}",
            "1:40 bad-expression: in `call.langage == 'zh'`: undeclared reference to 'call.langage' (did you mean \"call.language\"?)",
        ),
        (
            "a: {type: branch, cases: [{when: today and true, next: bye}], otherwise: bye}",
            (
                "1:42 bad-expression: in `today and true`: Syntax error: mismatched input 'and' expecting <EOF> "
                "(this is CEL: and is &&, or is ||, not is !, equal is ==, texts stand in quotes)"
            ),
        ),
        ("a: {type: branch, otherwise: bye}", '1:3 missing-key: step "a" needs "cases" (add "cases:")'),
        (
            "a: {type: goto, flow: elsewhere}",
            '1:25 unknown-flow: no flow "elsewhere" (known: main)',
        ),
        (
            "a: {type: hours, plan: offic, open: bye, closed: bye}",
            '1:26 unknown-plan: no opening hours "offic" (write it into hours.yaml)',
        ),
        (
            "a: {type: language, to: fr, next: bye}",
            '1:27 unknown-language: no language "fr" (known: en, zh)',
        ),
        (
            "a: {type: language, say: {zh: 一, en: two}, choices: {'1': fr}, next: bye}",
            '1:61 bad-value: "1" cannot be "fr" (known: en, zh)',
        ),
        (
            "a: {type: language, say: {zh: 一, en: two}, choices: {'1': [x]}, next: bye}",
            '1:61 bad-value: "1" cannot be "this" (known: en, zh)',
        ),
        (
            "a: {type: queue, queue: biling, tier: gold, outcomes: {served: bye}, on_error: bye}",
            '1:27 unknown-queue: no queue "biling" (did you mean "billing"?)',
        ),
        (
            "a: {type: queue, queue: billing, tier: golden, outcomes: {served: bye}, on_error: bye}",
            '1:42 unknown-tier: no tier "golden" (did you mean "gold"?)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, needs: [lang_fr], outcomes: {served: bye}, on_error: bye}",
            '1:56 unknown-skill: no skill "lang_fr" (did you mean "lang_zh"?)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, needs: {lang_fr: 2}, outcomes: {served: bye}, on_error: bye}",
            '1:56 unknown-skill: no skill "lang_fr" (did you mean "lang_zh"?)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, outcomes: {served: bye}}",
            '1:3 missing-way: step "a" needs a way on for on_error (add "on_error: <step>" here or under defaults:)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, outcomes: {menu: bye}, on_error: bye}",
            '1:58 missing-way: step "a" has no way on for "served" (add served: <step>)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, keys: {'*': menu}, outcomes: {served: bye}, on_error: bye}",
            '1:77 missing-way: step "a" has no way on for "menu" (add menu: <step>)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, keys: {'**': menu}, outcomes: {served: bye}, on_error: bye}",
            '1:55 bad-key: "**" is no key (use one of 0-9, "*", "#", in quotes)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, keys: {'*': leave}, outcomes: {served: bye, menu: bye}, on_error: bye}",
            '1:60 bad-value: "*" cannot be "leave" (known: callback, menu, voicemail)',
        ),
        (
            "a: {type: queue, queue: billing, tier: gold, outcomes: {served: bye, gone: bye}, on_error: bye}",
            '1:72 unknown-outcome: no outcome "gone" (known: agent_lost, callback, closed, empty, error, full, max_wait, menu, served, voicemail)',
        ),
    ],
)
def test_each_mistake_is_found_where_it_stands(steps, expected):
    assert expected in shown(steps)


VARIABLES = "n: number\nt: text\nd: data\nf: flag\np: secret\nx: {type: decimal, value: 1.5}"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "a: {type: say, say: {zh: '${money(t)}', en: Good}, next: bye}",
            "1:29 bad-hole: t is a text (money() wants number)",
        ),
        (
            "a: {type: say, say: {zh: '好${mony(n)}', en: Good}, next: bye}",
            '1:30 bad-hole: cannot speak ${mony(n)} (did you mean "money"?)',
        ),
        (
            "a: {type: say, say: {zh: '好${n}', en: Good}, next: bye}",
            "1:30 bad-hole: cannot speak ${n} (say how to speak it, e.g. ${money(x)} or ${date(x)})",
        ),
        (
            "a: {type: say, say: {zh: '好${number(n)', en: Good}, next: bye}",
            "1:30 bad-hole: ${ without its } (close it with })",
        ),
        (
            "a: {type: say, say: {zh: '好${number(n + t)}', en: Good}, next: bye}",
            (
                "1:41 bad-expression: in `n + t`: found no matching overload for '_+_' applied to '(int, string)' "
                "(this is CEL: and is &&, or is ||, not is !, equal is ==, texts stand in quotes)"
            ),
        ),
        (
            "a: {type: say, say: {zh: '好${digits(p)}', en: Good}, next: bye}",
            "1:39 bad-expression: in `p`: undeclared reference to 'p' (a secure value can only be handed to a backend, as ${p} alone)",
        ),
        (
            "a: {type: say, say: {zh: \"好${phrase('nix')}\", en: Good}, next: bye}",
            '1:30 unknown-phrase: no phrase "nix" (known: one-moment, system-error, wrong)',
        ),
        (
            "a: {type: set, set: {n: five}, next: bye}",
            '1:27 bad-type: "n" is a number, and this is a text (give a number)',
        ),
        (
            "a: {type: set, set: {n: '${t}'}, next: bye}",
            '1:27 bad-type: "n" is a number, and this is a text (give a number)',
        ),
        (
            "a: {type: set, set: {t: '${p}'}, next: bye}",
            '1:27 bad-type: "t" is a text, and this is a secret (give a text)',
        ),
        (
            "a: {type: set, set: {p: x}, next: bye}",
            '1:24 bad-type: "p" is a secret (use a variable of type text or number or decimal or flag or data)',
        ),
        ("a: {type: set, set: {m: 1}, next: bye}", '1:24 unknown-variable: no variable "m" (known: d, f, n, p, t, x)'),
        (
            "a: {type: set, set: {t: 'a ${t}'}, next: bye}",
            '1:27 bad-value: "t" mixes text and ${…} (write one ${…}; join texts inside it by +)',
        ),
        (
            "a: {type: set, set: {t: [1]}, next: bye}",
            '1:27 bad-value: "t" must be a single value (write text or ${expression})',
        ),
        (
            "a: {type: collect, say: {zh: 好, en: Good}, into: p, next: bye}",
            '1:52 bad-type: "p" is a secret (use a variable of type text)',
        ),
        (
            "a: {type: collect, secure: true, say: {zh: 好, en: Good}, into: t, next: bye}",
            '1:66 bad-type: "t" is a text (use a variable of type secret)',
        ),
        (
            "a: {type: collect, min_digits: 5, max_digits: 4, say: {zh: 好, en: Good}, into: t, next: bye}",
            "1:22 bad-value: min_digits is above max_digits (swap them)",
        ),
        (
            "a: {type: collect, finish_key: '7', say: {zh: 好, en: Good}, into: t, next: bye}",
            '1:34 bad-key: finish_key cannot be "7" (write "#", "*" or none)',
        ),
        (
            "a: {type: collect, keys: {'#': bye}, say: {zh: 好, en: Good}, into: t, next: bye}",
            '1:29 bad-key: "#" cannot lead elsewhere here (use "*" or "#", whichever is no finish_key)',
        ),
        (
            "a: {type: survey, scores: 5-1, say: {zh: 好, en: Good}, into: n, next: bye}",
            '1:21 bad-value: scores "5-1" is no scale (write two digits, e.g. 1-5)',
        ),
        (
            "a: {type: record, finish_keys: [x], into: t, next: bye}",
            '1:21 bad-key: "x" are no keys (write e.g. ["#", "*"])',
        ),
        (
            "a: {type: record, finish_keys: [{b: c}], into: t, next: bye}",
            '1:35 bad-value: "finish_keys" must be a list of single values (write - value lines)',
        ),
        (
            "a: {type: record, into: [t], next: bye}",
            '1:27 bad-value: "into" must be a single value (write it on the same line)',
        ),
        (
            "a: {type: lookup, backend: crn, operation: who, with: {number: x}, into: d, next: bye, on_error: bye}",
            '1:21 unknown-backend: no backend "crn" (did you mean "crm"?)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: whom, with: {number: x}, into: d, next: bye, on_error: bye}",
            '1:46 unknown-operation: backend "crm" has no operation "whom" (did you mean "who"?)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: who, into: d, next: bye, on_error: bye}",
            '1:46 missing-argument: who needs "number" (add number: under with:)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: who, with: {number: x, nmber: y}, into: d, next: bye, on_error: bye}",
            '1:69 unknown-argument: who takes no "nmber" (did you mean "number"?)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: who, with: {number: '${p}'}, into: d, next: bye, on_error: bye}",
            '1:58 leaking-secret: "number" would show the secure value (hand it to a secret argument only)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: pin, with: {account: x, pin: '1234'}, into: d, next: bye, on_error: bye}",
            '1:70 unprotected-secret: "pin" must be a secure value (collect it with secure: true into a variable of type secret)',
        ),
        (
            "a: {type: lookup, backend: crm, operation: ticket, with: {area: x}, into: d, next: bye, on_error: bye}",
            "1:46 bad-operation: ticket changes something (use type: report)",
        ),
        (
            "a: {type: report, backend: crm, operation: who, with: {number: x}, next: bye, on_error: bye}",
            "1:46 bad-operation: who only asks (use type: lookup)",
        ),
        (
            "a: {type: lookup, backend: crm, operation: who, with: {number: x}, into: d, next: bye}",
            '1:3 missing-way: step "a" needs a way on for on_error (add "on_error: <step>" here or under defaults:)',
        ),
        (
            (
                "a: {type: lookup, backend: crm, operation: who, with: {number: x}, into: d, next: b, on_error: bye}\n"
                "b: {type: branch, cases: [{when: d.found && d.custmer.tier == 'x', next: bye}], otherwise: bye}"
            ),
            '2:47 unknown-field: the reply in "d" has no field "custmer.tier" (did you mean "customer.tier"?)',
        ),
        (
            (
                "a: {type: lookup, backend: crm, operation: who, with: {number: x}, into: d, next: b, on_error: bye}\n"
                "b: {type: say, say: {zh: '${digits(d.customer.teir)}', en: Good}, next: bye}"
            ),
            '2:38 unknown-field: the reply in "d" has no field "customer.teir" (did you mean "customer.tier"?)',
        ),
    ],
)
def test_each_mistake_with_variables_and_backends_is_found(steps, expected):
    assert expected in shown(steps, variables=VARIABLES)


def test_nothing_is_checked_that_is_not_known():
    steps = "a: {type: queue, queue: any, tier: any, needs: [any], outcomes: {served: b}, on_error: bye}\n"
    steps += "b: {type: lookup, backend: any, operation: any, with: {any: x}, into: d, next: c, on_error: bye}\n"
    steps += "c: {type: branch, cases: [{when: d.anything, next: bye}], otherwise: bye}"
    assert findings(files(flow_text(steps, variables="d: data")), Known()) == ()


def test_unreachable_steps_dead_ends_and_silent_loops_are_found():
    steps = """
    a: {type: say, say: {zh: 好, en: Good}, next: a}
    island: {type: say, say: {zh: 好, en: Good}, next: bye}
    """
    assert shown(steps) == [
        '1:3 dead-end: from step "a" no way leads to an end (lead on to a hangup, a goto to another flow, or return)',
        '2:3 unreachable-step: no way leads to step "island" (lead to it from another step, or remove it)',
    ]
    loop = """
    a: {type: branch, cases: [{when: "n > 3", next: bye}], otherwise: b}
    b: {type: set, set: {n: "${n + 1}"}, next: a}
    """
    assert [line.split(" (")[0] for line in shown(loop, variables="n: number")] == [
        '1:3 endless-loop: step "a" leads to itself without any wait'
    ]
    spoken = loop.replace("next: a}", "next: c}").rstrip() + "\n    c: {type: say, say: {zh: 好, en: Good}, next: a}"
    assert shown(spoken, variables="n: number") == []


def test_a_wrong_key_must_be_answered_by_a_sentence():
    menu = MENU + ", on_timeout: bye, on_invalid: bye}"
    assert shown(menu, defaults="")[0].startswith('1:81 missing-sentence: step "a" says nothing after a wrong key')
    assert shown(menu) == [], "the sentence of the defaults serves"
    assert shown(MENU + "}", defaults="")[0].startswith('1:3 missing-way: step "a" needs a way on for on_timeout')


def test_the_ways_of_a_step_may_take_half_from_the_defaults():
    assert shown(MENU + ", on_invalid: {next: bye}, on_timeout: {say: {phrase: wrong}}}") == []
    assert shown(MENU + ", on_invalid: {say: {phrase: wrong}}, on_timeout: bye}", defaults="")[0].startswith(
        "1:76 missing-key"
    )
    assert shown(MENU + ", on_invalid: {say: {phrase: wrong}, then: bye}}")[0].startswith(
        '1:99 unknown-key: step "a".on_invalid has no key "then"'
    )


def test_variables_and_defaults_are_checked():
    assert [
        line.split(": ", 1)[1]
        for line in shown(SAY, variables="call: text\nN: text\nn: numbr\nm: {type: number, value: x}\no: {value: 1}")
    ] == [
        '"call" cannot name a variable (it means something else in expressions; choose another name)',
        '"N" cannot name a variable (use a-z, 0-9, _; choose another name)',
        'no variable type "numbr" (did you mean "number"?)',
        "m is a number, and a str came (give a number)",
        'variable "o" needs "type" (add "type:")',
    ]
    assert shown(SAY, defaults="defaults: {retry: 3, on_error: byebye}")[0].endswith(
        'has no key "retry" (did you mean "retries"?)'
    )
    assert (
        'no step "byebye"'
        in shown("a: {type: say, say: {zh: 好, en: Good}, next: bye}", defaults="defaults: {on_error: byebye}")[0]
    )


def test_initial_values_have_the_declared_type():
    flows = load(
        SAY,
        variables="t: {type: text, value: 010}\nn: {type: number, value: 7}\np: secret\nd: data\nx: decimal",
    )
    assert flows.flows["main"].initial == {"t": "010", "n": 7, "d": None, "x": 0.0}


def test_flow_heads_are_checked():
    text = flow_text(SAY, name="other", start="b")
    assert [f"{f.line} {f.code}" for f in findings(files(text))] == ["2 bad-name", "3 unknown-step"]
    assert [f.code for f in findings({"main.yaml": "version: 2\nflow: main\nstart: a\nsafe_exit: a", "phrases.yaml": PHRASES})] == [
        "missing-key", "bad-value",
    ]  # fmt: skip
    names = flow_text(
        "a: {type: say, say: {zh: 好, en: Good}, next: bye}\nReturn: {type: hangup}\nreturn: {type: hangup}"
    )
    assert [f.code for f in findings(files(names))] == ["bad-name", "bad-name"]


def test_sub_flows_are_checked_against_each_other():
    sub = flow_text(SAY, name="sub", variables="n: number\np: secret")
    call = "a: {type: call, flow: sub, with: {n: x, m: 1}, take: {t: n, s: q}, next: bye}"
    found = findings(files(flow_text(call, variables="t: text\nn: number"), sub=sub))
    assert [f"{f.column} {f.code}: {f.message}" for f in found] == [
        '37 bad-type: "n" of flow "sub" is a number, this is a text',
        '43 unknown-variable: flow "sub" has no variable "m"',
        '60 bad-type: "n" of flow "sub" is a number, this is a text',
        '63 unknown-variable: no variable "s"',
    ]
    assert [str(f) for f in findings(files(flow_text(SAY), sub=sub))] == [
        'sub.yaml:1:1: warning unused-flow no flow leads to "sub" (call it or remove it)'
    ]


def test_all_findings_of_all_files_come_at_once():
    texts = files(
        flow_text("a: {type: say, say: {zh: 好, en: ''}, next: bi}"),
        broken="a: [",
        hours="plans: {o: {weekly: {mon: 9-5}}}",
    )
    assert [f"{f.path} {f.code}" for f in findings(texts)] == [
        "broken.yaml yaml-syntax", "hours.yaml bad-hours", "main.yaml missing-language", "main.yaml unknown-step",
    ]  # fmt: skip


def test_what_a_broken_file_would_define_is_not_missed_as_well():
    use = "a: {type: hours, plan: office, open: b, closed: bye}\nb: {type: say, say: {phrase: nix}, next: c}\nc: {type: goto, flow: sub}"
    texts = {"main.yaml": flow_text(use), "hours.yaml": "[", "phrases.yaml": "[", "sub.yaml": "["}
    assert [f.code for f in findings(texts)] == ["yaml-syntax", "yaml-syntax", "yaml-syntax"]
    assert [f.code for f in findings({"main.yaml": "[", "phrases.yaml": PHRASES})] == ["yaml-syntax"]


def test_phrases_are_checked():
    texts = {
        "main.yaml": flow_text(SAY),
        "phrases.yaml": "version: 1\nphrases:\n  Bad Name: {zh: 好, en: x}\n  half: {zh: 好, fr: x}\n",
    }
    assert [f"{f.line}:{f.column} {f.code}" for f in findings(texts)] == [
        "1:1 unknown-phrase", "1:1 unknown-phrase", "7:30 unknown-phrase", "3:3 bad-name", "4:9 missing-key", "4:17 unknown-key",
    ]  # fmt: skip


def test_a_prompt_without_a_recording_is_found():
    made = load(SAY).prompts()
    all_of_them = frozenset((prompt.language, prompt.id) for prompt in made)
    assert findings(files(flow_text(SAY)), Known(prompts=all_of_them)) == ()
    found = findings(files(flow_text(SAY)), Known(prompts=all_of_them - {("zh", "main/a-1")}))
    assert [str(f) for f in found] == [
        'main.yaml:9:28: missing-prompt no recording of "zh/main/a-1" (run: hotline prompts build)'
    ]


def test_the_entry_must_be_there():
    with pytest.raises(BadDocument, match=r"no-entry no flow \"mein\".*did you mean \"main\"") as caught:
        load_flows(files(flow_text(SAY)), KNOWN, entry="mein")
    assert len(caught.value.findings) == 1


def test_files_that_cannot_be_read_are_findings(tmp_path):
    with pytest.raises(BadDocument, match="no-flows"):
        load_flows(tmp_path)
    (tmp_path / "main.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(BadDocument, match="unreadable"):
        load_flows(tmp_path)


def test_the_version_is_that_of_the_content():
    one = load_flows({"x/main.yaml": flow_text(SAY), "x/phrases.yaml": PHRASES})
    other = load_flows({"y/phrases.yaml": PHRASES, "y/main.yaml": flow_text(SAY)})
    changed = load_flows({"x/main.yaml": flow_text(SAY) + "# changed", "x/phrases.yaml": PHRASES})
    assert one.version == other.version != changed.version


def test_the_demo_flows_are_sound():
    flows = load_flows(ROOT / "flows")
    assert flows.warnings == ()
    ids = [(prompt.language, prompt.id) for prompt in flows.prompts()]
    assert len(ids) == len(set(ids))
    assert {language for language, _ in ids} == {"zh", "en"}


def test_a_way_for_errors_from_the_defaults_makes_no_loop_but_a_written_one_does():
    steps = (
        "a: {type: set, set: {n: 1}, next: b}\nb: {type: branch, cases: [{when: n > 0, next: bye}], otherwise: bye%s}"
    )
    assert shown(steps % "", variables="n: number", defaults="defaults: {on_error: a}") == []
    assert "endless-loop" in shown(steps % ", on_error: a", variables="n: number", defaults="")[0]
