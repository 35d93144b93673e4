"""`hotline diff`: what changed, in sentences and as a picture."""

import shutil

import pytest

from ivr.flows import load_flows
from ivr.graph import Mark, lay_out
from ivr.graph.comparing import changes, compared
from tests.unit.ivr.ivr_room import ROOT, load
from tests.unit.ivr.test_ivr_commands_line import run

BEFORE = load_flows(ROOT / "flows")


def changed(tmp_path, file: str, old: str, new: str):
    folder = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("main.yaml", '"2": fault', '"2": agent', "key 2 of main/menu now leads to agent (led to fault)"),
        ("main.yaml", '      "*": menu\n', '      "*": menu\n      "8": agent\n', "key 8 of main/menu was added and leads to agent"),
        ("balance.yaml", "您目前没有欠费。", "没有欠费。", "the text of balance/nothing_due changed (zh)"),
        ("phrases.yaml", "Thank you for calling. Goodbye.", "Bye.", "the text of phrases/goodbye changed (en)"),
        ("hours.yaml", "# override", "override", "opening hours agents changed"),
        ("voicemail.yaml", "max_seconds: 120", "max_seconds: 60", "max_seconds of voicemail/message changed"),
        ("balance.yaml", "balance.balance_cents < 0", "balance.balance_cents < -1", "conditions of balance/decide changed"),
        ("fault.yaml", "{kind: meter}", "{kind: danger}", "what the keys set of fault/ask_kind changed"),
        ("tariff.yaml", "path: /tariff", "path: /prices", "path of tariff/ask changed"),
        ("tariff.yaml", "until: instant", "until: text", "reply of tariff/ask changed"),
        ("fault.yaml", "Repair by $", "Mended by $", "text of fault/text_number changed"),
        ("survey.yaml", "safe_exit: goodbye", "safe_exit: save", "safe_exit of survey is now save (was goodbye)"),
        ("balance.yaml", "on_timeout: {say: {phrase: no-key}, next: return}", "on_timeout: {say: {phrase: no-key}, next: goodbye}",
         "no key of balance/after now leads to goodbye (led to return)"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_one_sentence(tmp_path, file, old, new, told):
    folder = changed(tmp_path, file, old, new)
    if file == "main.yaml" and "agent" in new and "fault" in old:
        assert told in changes(BEFORE, load_flows(_without_fault(folder)))
        return
    assert changes(BEFORE, load_flows(folder)) == (told,)


def _without_fault(folder):
    """The step `fault` would not be reached any more: remove it too."""
    text = (folder / "main.yaml").read_text(encoding="utf-8")
    begin, end = text.index("  fault:\n"), text.index("  tariff:\n")
    (folder / "main.yaml").write_text(text[:begin] + text[end:], encoding="utf-8")
    return folder


def test_a_status_or_outcome_that_leads_elsewhere_is_told_once():
    steps = """
    a: {type: http, service: s, path: /x, on_status: {404: b}, next: b, on_error: bye}
    b: {type: sms, gateway: g, text: {zh: 好, en: Good}, outcomes: {no_number: c, limited: bye}, next: c, on_error: bye}
    c: {type: say, say: {phrase: wrong}, next: bye}
    """
    after = steps.replace("404: b", "404: c").replace("limited: bye", "limited: c")
    assert changes(load(steps), load(after)) == (
        "status 404 of main/a now leads to c (led to b)",
        "limited of main/b now leads to c (led to bye)",
    )


def test_the_same_flows_have_no_change():
    assert changes(BEFORE, load_flows(ROOT / "flows")) == ()


def test_the_picture_marks_what_changed_and_still_overlaps_nothing(tmp_path):
    after = load_flows(_without_fault(changed(tmp_path, "main.yaml", '"2": fault', '"2": agent')))
    graph = compared(BEFORE, after, "main")
    marks = {node.id: node.mark for node in graph.nodes}
    assert marks["fault"] is Mark.REMOVED
    assert marks["menu"] is Mark.CHANGED
    assert marks["welcome"] is Mark.SAME
    edges = {(edge.source, edge.target): edge.mark for edge in graph.edges}
    assert edges["menu", "fault"] is Mark.REMOVED
    assert edges["menu", "agent"] is Mark.CHANGED
    layout = lay_out(graph)
    assert set(layout.boxes) == set(marks)
    added = compared(after, BEFORE, "main")
    assert {node.id for node in added.nodes if node.mark is Mark.ADDED} == {"fault"}


def test_the_command_tells_and_draws_folders_and_revisions(tmp_path):
    folder = changed(tmp_path, "voicemail.yaml", "max_seconds: 120", "max_seconds: 60")
    picture = tmp_path / "x.svg"
    result = run("diff", ROOT / "flows", folder, "--flow", "voicemail", "--svg", picture)
    assert (result.exit_code, result.output) == (0, "max_seconds of voicemail/message changed\n")
    assert 'class="step record changed"' in picture.read_text(encoding="utf-8")
    assert "No change" in run("diff", folder, folder).output
    assert run("diff", folder, folder, "--flow", "x", "--svg", picture).exit_code == 2
    wrong = run("diff", "no-such-revision", folder)
    assert wrong.exit_code == 2
    assert "no git revision" in wrong.output
