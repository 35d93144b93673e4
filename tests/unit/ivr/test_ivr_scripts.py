"""Scripted callers: what they find, what they say about it, and that the project's own ones walk every way."""

import textwrap
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from cti.cli.scripted import run_scripts
from cti.cli.test_ import find_suites, run_suite
from ivr.document import BadDocument, parse
from ivr.events import FailReason
from ivr.flows import load_flows
from ivr.scripts import Coverage, read_replies, read_scripts, run_script
from ivr.walker import LineKind
from tests.unit.ivr.ivr_room import KNOWN, ROOT, files, flow_text
from tests.unit.ivr.test_ivr_commands_line import run

FLOWS = load_flows(
    files(
        flow_text(
            """
            a: {type: menu, say: {zh: 请按键。, en: "Press one, two or three."}, choices: {"1": pin, "2": wait, "3": talk}, retries: 1}
            pin: {type: collect, secure: true, say: {zh: 密码, en: PIN}, min_digits: 4, max_digits: 4, into: pin, next: check}
            check: {type: lookup, backend: crm, operation: pin, with: {account: "7", pin: "${pin}"}, into: got, next: book, on_error: sorry}
            book: {type: report, backend: crm, operation: ticket, with: {area: east}, next: bye, on_error: sorry}
            sorry: {type: say, say: {zh: 抱歉。, en: Sorry.}, next: a}
            wait: {type: queue, queue: billing, tier: gold, outcomes: {served: bye, full: sorry}, on_error: bye}
            talk: {type: record, into: said, next: bye, on_error: sorry}
            """,
            variables="pin: secret\ngot: data\nsaid: text",
        )
    ),
    KNOWN,
)


def results(text: str, coverage: Coverage | None = None):
    """Return the results of scripts in a file of their own."""
    findings = []
    replies = read_replies(parse("version: 1\noperations: {ticket: [{reply: {number: '1'}}]}", "r"), findings)
    body = f"version: 1\nlanguage: en\ncalls:\n{textwrap.indent(textwrap.dedent(text), '  ')}"
    scripts = read_scripts(parse(body, "s.yaml"), FLOWS, replies, findings)
    if findings:
        raise BadDocument(findings)
    return [run_script(script, FLOWS, coverage or Coverage(FLOWS)) for script in scripts]


def failures(text: str) -> list[str]:
    return [str(finding) for result in results(text) for finding in result.failures]


def test_a_call_as_written_has_no_failures():
    call = """
    x:
      backend: {pin: {when: {pin: "4321"}, reply: {ok: true}}}
      caller: [hear: press one, press: "1", hear: PIN, press: "4321"]
      path: [main/a, main/check, main/bye]
      effects: {ticket: 1}
      end: completed
      reason: done
    """
    assert failures(call) == []


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("caller: [hear: goodbye]", 's.yaml:5:20: not-heard "goodbye" was not heard (heard instead: [en] Press one, two or three.)'),
        ("caller: [hear_not: press one]", 's.yaml:5:24: heard "press one" was heard'),
        ("caller: [hear: two, hear: one]", 's.yaml:5:31: not-heard "one" was not heard'),
        ("caller: [press: '2', queue: served, press: '1']", "s.yaml:5:48: call-over the call is over before press 1"),
        ("caller: [dial: busy]", "s.yaml:5:20: no-dial nobody outside is called for the caller"),
        ("caller: [queue: served]", "s.yaml:5:21: no-queue the caller waits in no queue"),
        ("end: completed", "s.yaml:5:10: other-end the call should be completed; it is waiting (main/a)"),
        ("{caller: [hang_up], reason: done}", 's.yaml:5:33: other-reason the reason should be "done"; it is "the caller hung up"'),
        ("path: [main/wait]", "s.yaml:5:12: other-path main/wait was not passed; the call went main/a"),
        ("{caller: [press: '2'], path: [main/wait, main/a]}", "s.yaml:5:46: other-path main/a was not passed"),
        ("effects: {ticket: 1}", "s.yaml:5:15: other-effects ticket should be done 1 times; it was 0"),
    ],
)  # fmt: skip
def test_what_is_not_as_written_is_told_with_its_place(call, found):
    told = failures(f"x:\n  {call}\n")
    assert len(told) == 1
    assert told[0].startswith(found)


@pytest.mark.parametrize(
    ("call", "code", "cure"),
    [
        ("caller: [pres: '1']", "unknown-key", "press"),
        ("caller: [silense]", "bad-value", "silence"),
        ("caller: [press: x]", "bad-value", "write keys in quotes"),
        ("caller: [queue: sreved]", "bad-value", "served"),
        ("caller: [dial: bussy]", "bad-value", "busy"),
        ("caller: [speak: long]", "bad-value", "seconds"),
        ("caller: [hear: ' ']", "bad-value", "write what is said"),
        ("caller: [[]]", "bad-value", "press"),
        ("path: [main/chek]", "unknown-step", "main/check"),
        ("end: complete", "bad-value", "completed"),
        ("at: noon", "bad-value", "2026-11-20T12:00"),
        ("language: fr", "unknown-language", "en"),
        ("entry: mian", "unknown-flow", "main"),
        ("hours: {agents: open}", "unknown-plan", ""),
        ("ends: completed", "unknown-key", "end"),
    ],
)
def test_a_bad_script_is_refused_with_place_and_cure(call, code, cure):
    with pytest.raises(BadDocument) as caught:
        results(f"x:\n  {call}\n")
    finding = caught.value.findings[0]
    assert (finding.path, finding.line, finding.code) == ("s.yaml", 5, code)
    assert cure in finding.cure


def test_a_backend_that_never_answers_costs_virtual_time_only():
    call = """
    x:
      backend: {pin: {fail: timeout}}
      caller: [press: "1", press: "4321", hear: One moment, hear: Sorry]
    """
    (result,) = results(call)
    assert result.failures == ()
    assert result.virtual_seconds > 5


def test_effects_count_what_was_done_once_per_key():
    assert (
        failures("x:\n  backend: {pin: {reply: {ok: true}}}\n  caller: [press: '14321']\n  effects: {ticket: 1}\n")
        == []
    )
    refused = "x:\n  backend: {pin: {reply: {ok: true}}, ticket: {fail: invalid}}\n  caller: [press: '14321']\n  effects: {ticket: 0}\n"
    assert failures(refused) == []


def test_a_pin_is_in_no_line_of_the_result():
    (result,) = results(
        "x:\n  backend: {pin: {fail: unavailable}}\n  caller: [press: '14321', hear: nothing like it]\n"
    )
    shown = [line.text for line in result.lines if line.kind is not LineKind.PRESSED or line.text != "1"]
    assert "4321" not in "".join(shown)
    assert all(key not in "".join(shown[1:]) for key in "432")


def test_coverage_knows_every_way_and_which_were_taken():
    coverage = Coverage(FLOWS)
    main = FLOWS.flows["main"]
    assert len(coverage.missing(main)) == len(coverage.ways(main))
    results(
        """
        a: {caller: [press: "2", queue: served]}
        b: {caller: [speak: fails, press: "3", press: "2", queue: full, press: "99"]}
        c: {backend: {pin: {reply: {ok: true}}}, caller: [press: "14321"]}
        """,
        coverage,
    )
    missing = {str(way) for way in coverage.missing(main)}
    assert missing == {
        "main/a: on_timeout", "main/pin: on_timeout", "main/pin: on_invalid", "main/check: on_error", "main/book: on_error",
        "main/wait: on_error", "main/talk: next", "main/talk: on_timeout",
    }  # fmt: skip


@pytest.mark.parametrize(
    "folder", ["flows", *(f"flows/examples/{path.name}" for path in sorted((ROOT / "flows/examples").glob("*")))]
)
def test_the_projects_own_scripts_walk_every_step_and_way(folder):
    result = run("test", ROOT / folder, "--coverage")
    assert result.exit_code == 0, result.output
    assert "all as written" in result.output


def test_the_command_fails_with_1_and_writes_junit(tmp_path):
    script = tmp_path / "s.yaml"
    script.write_text(
        f"version: 1\nflows: {ROOT / 'flows'}\ncalls:\n  good: {{caller: [hear: 欢迎]}}\n  bad: {{caller: [hear: 再见]}}\n",
        encoding="utf-8",
    )
    report = tmp_path / "new" / "report.xml"
    result = run("test", script, "--junit", report)
    assert result.exit_code == 1
    assert f'{script}:5:24: not-heard "再见" was not heard' in result.output
    suite = ET.parse(report).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.find("failure") is not None for case in suite.findall("testcase")] == [False, True]
    assert run("test", script, "--coverage").exit_code == 1


def test_bad_scripts_and_missing_ones_end_with_2(tmp_path):
    script = tmp_path / "s.yaml"
    script.write_text(f"version: 1\nflows: {ROOT / 'flows'}\ncalls: {{x: {{entry: nowhere, caller: [pres]}}}}\n")
    result = run("test", script)
    assert result.exit_code == 2
    assert "unknown-flow" in result.output
    assert "did you mean" in result.output or "known:" in result.output
    assert "no-scripts" in run("test", tmp_path).output
    assert run("test", tmp_path / "none").exit_code == 2
    script.write_text("version: 1\ncalls: {}\n")
    assert "no-flows" in run("test", script).output


def test_a_failing_reply_may_be_of_every_reason():
    for reason in FailReason:
        assert failures(f"x:\n  backend: {{pin: {{fail: {reason}}}}}\n  caller: [press: '14321', hear: Sorry]\n") == []


def test_a_session_that_does_not_survive_being_saved_is_told(monkeypatch):
    from ivr.state import Session

    sound = Session.to_json
    monkeypatch.setattr(Session, "to_json", lambda self: {**sound(self), "steps": 0})
    assert [line for line in failures("x:\n  caller: [press: '2', queue: served]\n") if "session" in line]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # other tests may have left threads
def test_many_calls_share_the_processors_and_nothing_else_changes(tmp_path):
    calls = "\n".join(
        f"  call {number}: {{caller: [press: '{number % 10}', {'hear: no such words' if number == 7 else 'silence'}]}}"
        for number in range(40)
    )
    scripts = tmp_path / "tests.yaml"
    scripts.write_text(f"version: 1\nflows: {ROOT / 'flows'}\ncalls:\n{calls}\n", encoding="utf-8")
    (suite,) = find_suites([scripts])
    alone = run_suite(suite)
    coverage = Coverage(alone.flows)
    together = run_scripts([result.script for result in alone.results], alone.flows, coverage, calls_per_worker=4)
    bare = [replace(result, lines=result.lines if result.failures else ()) for result in alone.results]
    assert list(together) == bare
    assert coverage.taken == alone.coverage.taken
    assert [result.script.name for result in together if result.failures] == ["call 7"]
