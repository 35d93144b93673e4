"""Fragments: filled in where they are included, told of by their own file and line, and never in doubt about what is meant."""

import pytest

from ivr.explaining import ExplainingWalker
from ivr.flows import load_flows
from ivr.graph import graph_of
from ivr.scripts import Coverage
from ivr.walker import Walker
from tests.unit.ivr.ivr_room import CALL, KNOWN, NOON, Room, files, findings, flow_text

ASK = """
version: 1
fragment: ask
start: number
parameters:
  into:
  done:
  tries: 1
  hello: {zh: 请输入号码。, en: Your number please.}
vars: {rounds: number}
steps:
  number: {type: collect, say: $hello, into: $into, retries: $tries, next: count}
  count: {type: set, set: {$rounds: "${$rounds + 1}"}, next: right}
  right:
    type: confirm
    say: {zh: "第${number($rounds)}次：${digits($into)}。", en: "Round ${number($rounds)}: ${digits($into)}. One if right."}
    yes: $done
    no: number
"""
INCLUDE = "a: {type: include, fragment: ask, with: {into: mine, done: bye}}"


def include(steps: str = INCLUDE, variables: str = "mine: text", **fragments: str) -> dict[str, str]:
    return files(flow_text(steps, variables=variables), **{"ask": ASK, **fragments})


def shown(texts: dict[str, str]) -> list[str]:
    found = findings(texts, KNOWN)
    return [f"{f.path}:{f.line}:{f.column} {f.code}: {f.message} ({f.cure})" for f in found]


def codes(texts: dict[str, str]) -> list[str]:
    return [finding.code for finding in findings(texts, KNOWN)]


def fragment(steps: str, head: str = "", name: str = "part") -> str:
    return f"version: 1\nfragment: {name}\nstart: x\n{head}\nsteps:\n  {steps}\n"


def test_a_fragment_is_walked_as_if_it_stood_there():
    flows = load_flows(include())
    flow = flows.flows["main"]
    assert list(flow.steps) == ["a", "a__count", "a__right", "bye"]
    assert flow.initial == {"mine": "", "a__rounds": 0}
    assert flows.fragments == {"ask"}
    room = Room(flows)
    room.press("42#")
    assert room.where == "main/a__right"
    assert room.plays[0] == "ask/right-1"
    room.press("2")
    assert room.where == "main/a"
    room.press("7#1")
    assert room.session.ended.outcome == "completed"
    assert room.session.frame.variables == {"mine": "7", "a__rounds": 2}


def test_each_include_has_its_own_steps_variables_and_ways():
    steps = f"""
    {INCLUDE.replace("bye", "b")}
    b:
      type: include
      fragment: ask
      with: {{into: other, done: bye, tries: 3, hello: {{zh: 还有一个。, en: And another.}}}}
    """
    flows = load_flows(include(steps, "{mine: text, other: text}"))
    flow = flows.flows["main"]
    assert {"a__rounds", "b__rounds", "mine", "other"} == set(flow.variables)
    assert (flow.steps["a"].retries, flow.steps["b"].retries) == (1, 3)
    room = Room(flows)
    assert room.plays == ["ask/number-1"]
    room.press("1#1")
    assert room.where == "main/b"
    assert room.plays == ["main/b-1"], "a sentence that was given is the including step's own"
    room.press("2#1")
    assert room.session.frame.variables["other"] == "2"
    spoken = [prompt.id for prompt in flows.prompts() if prompt.language == "en"]
    assert spoken.count("ask/right-1") == 1, "what the fragment says itself is recorded once"


def test_a_sentence_with_a_parameter_in_it_is_no_shared_recording():
    part = fragment("x: {type: say, say: {zh: 拨$word。, en: Dial $word or $$5.}, next: $then}", "parameters: {word: , then: }")
    steps = """
    a: {type: include, fragment: part, with: {word: one, then: b}}
    b: {type: include, fragment: part, with: {word: two, then: bye}}
    """
    flows = load_flows(files(flow_text(steps), part=part))
    texts = {prompt.id: prompt.text for prompt in flows.prompts() if prompt.language == "en"}
    assert texts["main/a-1"] == "Dial one or $5."
    assert texts["main/b-1"] == "Dial two or $5."


def test_keys_and_expressions_can_be_parameters():
    part = fragment(
        "x: {type: menu, say: {zh: 好, en: Good}, choices: {$key: y}}\n"
        '  y: {type: branch, cases: [{when: $variable == "" && $more, next: return}], otherwise: $then}',
        "parameters: {key: , variable: , more: 'true', then: }",
    )
    steps = "a: {type: include, fragment: part, with: {key: '7', variable: mine, then: bye}}"
    flows = load_flows(files(flow_text(steps, variables="mine: text"), part=part))
    assert list(flows.flows["main"].steps["a"].choices) == ["7"]
    room = Room(flows)
    room.press("7")
    assert room.session.ended.outcome == "completed"


def test_fragments_may_include_others():
    outer = """
version: 1
fragment: outer
start: first
parameters: {into: , done: }
steps:
  first: {type: include, fragment: ask, with: {into: $into, done: last}}
  last: {type: say, say: {zh: 好, en: Good}, next: $done}
"""
    texts = include("a: {type: include, fragment: outer, with: {into: mine, done: bye}}", outer=outer)
    flows = load_flows(texts)
    assert list(flows.flows["main"].steps) == ["a", "a__count", "a__right", "a__last", "bye"]
    room = Room(flows)
    room.press("5#1")
    assert room.where == "main/a__last"
    room.played()
    assert room.session.ended.outcome == "completed"


def test_traces_graph_and_coverage_know_the_fragments_own_place():
    flows = load_flows(include())
    walker = Walker(flows, CALL, lambda _call: {}, NOON)
    walker.press("4")
    walker.press("#")
    entry = next(entry for entry in walker.trace if entry.step == "a__count")
    assert (entry.place.path, entry.place.line) == ("ask.yaml", 13)
    explained = ExplainingWalker(flows, CALL, lambda _call: {}, NOON)
    explained.press("4")
    explained.press("#")
    assert "main/a__count (set, ask.yaml:13): set" in [line.text for line in explained.lines]
    nodes = {node.id: node.lines for node in graph_of(flows, "main").nodes}
    assert "from ask" in nodes["a__right"]
    assert "from ask" not in nodes["bye"]
    ways = Coverage(flows).ways(flows.flows["main"])
    assert {(way.place.path, way.place.line) for way in ways if way.exit == "no"} == {("ask.yaml", 18)}


def test_coverage_of_a_fragment_counts_once_for_all_who_include_it():
    steps = INCLUDE.replace("bye", "b") + "\nb: {type: include, fragment: ask, with: {into: mine, done: bye}}"
    flows = load_flows(include(steps))
    coverage = Coverage(flows)
    before = coverage.missing(flows.flows["main"])
    coverage.entered("main", "a__right")
    after = coverage.missing(flows.flows["main"])
    gone = [str(way) for way in before if way not in after]
    assert gone == ["main/a__right", "main/b__right"]


@pytest.mark.parametrize(
    ("steps", "part", "expected"),
    [
        (
            "a: {type: include, fragment: aks, with: {}}",
            "",
            'main.yaml:11:32 unknown-fragment: no fragment "aks" (did you mean "ask"?)',
        ),
        (
            "a: {type: include, fragment: main}",
            "",
            'main.yaml:11:32 unknown-fragment: "main" is a flow (use type: call; a fragment begins with fragment:)',
        ),
        (
            "a: {type: include, fragment: ask, with: {into: mine}}",
            "",
            'main.yaml:11:32 missing-parameter: fragment "ask" needs "done" (add done: under with:)',
        ),
        (
            "a: {type: include, fragment: ask, with: {into: mine, done: bye, dnoe: bye}}",
            "",
            'main.yaml:11:67 unknown-parameter: fragment "ask" has no parameter "dnoe" (did you mean "done"?)',
        ),
        (
            "a: {type: include, fragment: ask, with: {into: mine, done: by}}",
            "",
            'main.yaml:11:62 unknown-step: no step "by" (did you mean "bye"?)',
        ),
        (
            "a: {type: include, fragment: ask, with: {into: mien, done: bye}}",
            "",
            'main.yaml:11:50 unknown-variable: no variable "mien" (did you mean "mine"?)',
        ),
        (
            "a: {type: include, fragment: ask, next: bye}",
            "",
            'main.yaml:11:37 unknown-key: step "a" has no key "next" (known: fragment, type, with)',
        ),
        (
            "a: {type: include, fragment: part}",
            "x: {type: say, say: {zh: 好, en: Good}, next: $then}",
            'part.yaml:6:48 unknown-parameter: no parameter "then" (declare it under parameters:, or write $$ for a dollar sign)',
        ),
        (
            "a: {type: include, fragment: part}",
            "x: {type: say, say: {zh: 好, en: Good}, next: y}",
            'part.yaml:6:48 unknown-step: no step "y" in this fragment (known: return, x)',
        ),
        (
            "a: {type: include, fragment: part}",
            "x: {type: include, fragment: part}",
            "part.yaml:6:32 include-cycle: fragments include each other: part → part (break the circle)",
        ),
        (
            "a: {type: include, fragment: part, with: {}}",
            "x: {type: say, say: {zh: 好}, next: return}",
            'part.yaml:6:23 missing-language: no text for "en" (add en: "…")',
        ),
    ],
)
def test_each_mistake_is_told_where_it_was_made(steps, part, expected):
    others = {"part": fragment(part)} if part else {}
    found = shown(include(steps, **others))
    assert expected in found
    assert len(found) <= 3, found


def test_a_mistake_in_a_fragment_is_told_once_however_often_it_is_included():
    steps = "\n".join(f"a{n}: {{type: include, fragment: part, with: {{then: a{n + 1}}}}}" for n in range(5))
    part = fragment("x: {type: sai, next: $then}", "parameters: {then: }")
    found = shown(files(flow_text(steps.replace("a0:", "a:") + "\na5: {type: hangup}", start="a"), part=part))
    assert [line for line in found if "part.yaml" in line] == [
        'part.yaml:6:13 unknown-type: no step type "sai" (did you mean "say"?)'
    ]


def test_what_nobody_uses_is_warned_of():
    unused = fragment("x: {type: hangup}", "parameters: {colour: red}")
    assert codes(include(part=unused)) == ["unused-parameter", "unused-fragment"]
    broken = files(flow_text("a: {type: hangup}"), part="version: 1\nfragment: other\nstart: z\nsteps: {}\n")
    assert {"bad-name", "unknown-step"} <= set(codes(broken))


def test_a_value_that_is_no_text_cannot_stand_within_one():
    part = fragment("x: {type: set, set: {mine: '${$what + 1}'}, next: return}", "parameters: {what: }")
    steps = "a: {type: include, fragment: part, with: {what: [1]}}"
    assert "bad-parameter" in codes(files(flow_text(steps, variables="mine: number"), part=part))


def test_names_that_meet_are_told():
    steps = INCLUDE + "\na__right: {type: hangup}"
    assert "duplicate-key" in codes(include(steps))
    twice = fragment("x: {type: menu, say: {zh: 好, en: Good}, choices: {'1': return, $key: return}}", "parameters: {key: '1'}")
    assert "duplicate-key" in codes(files(flow_text("a: {type: include, fragment: part}"), part=twice))


def test_includes_that_multiply_are_stopped():
    def doubling(number: int) -> str:
        steps = f"x: {{type: include, fragment: p{number + 1}}}\n  y: {{type: include, fragment: p{number + 1}}}"
        return fragment(steps, name=f"p{number}")

    parts = {f"p{number}": doubling(number) for number in range(20)}
    parts["p20"] = fragment("x: {type: hangup}", name="p20")
    assert "include-size" in codes(files(flow_text("a: {type: include, fragment: p0}"), **parts))


def test_a_secret_of_a_fragment_stays_one():
    part = fragment(
        "x: {type: collect, secure: true, say: {zh: 好, en: Good}, into: $pin, next: y}\n"
        "  y: {type: lookup, backend: crm, operation: pin, with: {account: '1', pin: '${$pin}'}, into: $ok, next: $then, on_error: $then}",
        "parameters: {then: }\nvars: {pin: secret, ok: data}",
    )
    steps = "a: {type: include, fragment: part, with: {then: bye}}"
    flows = load_flows(files(flow_text(steps), part=part), KNOWN)
    room = Room(flows, through_json=False)
    room.press("1234#")
    assert "1234" not in "".join(room.saved)
    assert room.command.arguments["pin"].reveal() == "1234"
