"""`hotline try` and `hotline check`, as somebody types them."""

import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from cti.cli.main import build_app
from tests.unit.ivr.ivr_room import ROOT

RUNNER = CliRunner()
APP = build_app()


def run(*words: str, typed: str | None = None):
    result = RUNNER.invoke(APP, [str(word) for word in words], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_a_call_is_walked_by_given_keys():
    result = run("try", ROOT / "flows", "--from", "13800138002", "--keys", "1,#", "--at", "2026-11-20T12:00")
    assert result.exit_code == 0
    assert "[en] Nothing is due on your account." in result.output
    assert result.output.rstrip().endswith("ended: completed (done)")


def test_the_words_come_in_the_language_that_was_chosen():
    result = run("try", ROOT / "flows", "--from", "10086", "--language", "zh", "--keys", "h")
    assert "[zh] 欢迎致电光明电力客户服务热线。" in result.output
    assert "abandoned" in result.output


def test_what_is_still_waited_for_is_said():
    assert "still waiting for a key" in run("try", ROOT / "flows", "--keys", "2").output
    assert "still in the queue" in run("try", ROOT / "flows", "--keys", "0,1").output


def test_a_pin_is_not_shown():
    output = run("try", ROOT / "flows", "--from", "10086", "--keys", "1,1,10000001,7391").output
    assert "'pin': ***" in output
    assert "7391" not in output.replace("\n", "")
    assert not re.search("7.*\n.*3.*\n.*9.*\n.*1", output.split("四位密码")[1])


def test_keys_may_be_typed():
    result = run("try", ROOT / "flows", typed="1\nx\n\n#\n")
    assert result.exit_code == 0
    assert '"x" is no key' in result.output
    assert "没有收到您的按键" in result.output
    assert "completed" in result.output
    assert "ended" not in run("try", ROOT / "flows", typed="q\n").output
    assert "ended" not in run("try", ROOT / "flows", typed="").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--keys", "1,x"], '"x" is no key'),
        (["--at", "yesterday"], "no such time"),
        (["--zone", "Mars/Olympus"], "no such time"),
        (["--entry", "mein"], 'did you mean "main"?'),
        (["--replies", "/nowhere/x.yaml"], "/nowhere/x.yaml"),
    ],
)
def test_bad_words_are_told_with_status_2(words, message):
    result = run("try", ROOT / "flows", *words)
    assert result.exit_code == 2
    assert message in result.output


def test_replies_may_fail_and_faults_in_them_are_found(tmp_path):
    replies = tmp_path / "replies.yaml"
    replies.write_text("version: 1\noperations:\n  customer_by_number:\n    - fail: timeout\n", encoding="utf-8")
    assert "For English" in run("try", ROOT / "flows", "--replies", replies, "--keys", "2,1,h").output
    replies.write_text(
        "version: 1\noperations:\n  balance:\n    - {when: {account: [x]}}\n    - {fail: tiemout, replay: {}}\n",
        encoding="utf-8",
    )
    result = run("try", ROOT / "flows", "--replies", replies)
    assert result.exit_code == 2
    assert [line.split(" ")[0] for line in result.output.splitlines() if line] == [
        f"{replies}:4:7:", f"{replies}:5:7:", f"{replies}:5:14:", f"{replies}:5:23:",
    ]  # fmt: skip
    replies.write_text("version: 1\n", encoding="utf-8")
    assert run("try", ROOT / "flows", "--replies", replies).exit_code == 2


def test_the_hotlines_own_database_answers(tmp_path):
    address = f"sqlite:///{tmp_path / 'demo.db'}"
    assert run("db", "demo", "--database", address).exit_code == 0
    result = run("try", ROOT / "flows", "--database", address, "--from", "13800138001", "--keys", "1,*,2,2,1,2,1,#")
    assert "[zh] 报修已登记，单号是" in result.output
    assert "completed" in result.output
    unknown = run(
        "try",
        ROOT / "flows",
        "--database",
        address,
        "--from",
        "1",
        "--keys",
        "1,1,10000001,9999,10000001,9999,10000001,9999,10000001,1234,h",
    )
    assert "密码查询已暂停" in unknown.output or "请您稍后再试" in unknown.output


def test_the_projects_own_yaml_is_sound():
    result = run("check", ROOT / "flows", "--config", ROOT / "config")
    assert result.exit_code == 0, result.output
    assert "no errors" in result.output


def test_every_finding_of_flows_and_configuration_is_printed_with_status_2(tmp_path):
    flows, config = tmp_path / "flows", tmp_path / "config"
    shutil.copytree(ROOT / "flows", flows)
    shutil.copytree(ROOT / "config", config)
    (flows / "agent.yaml").write_text(
        (flows / "agent.yaml")
        .read_text()
        .replace("queue: general}", "queue: genral}")
        .replace("type: hours", "type: hurs")
    )
    (flows / "balance.yaml").write_text(
        (flows / "balance.yaml").read_text().replace("operation: balance", "operation: ballance")
    )
    (config / "backends.yaml").write_text("version: 1\nbackends: {accounts: {type: sqll}}\n")
    result = run("check", flows, "--config", config)
    assert result.exit_code == 2
    assert f"{config}/backends.yaml:2:" in result.output
    assert 'unknown-type no step type "hurs" (did you mean "hours"?)' in result.output
    assert result.output.rstrip().endswith("errors")
    as_json = run("check", flows, "--config", config, "--format", "json")
    assert as_json.exit_code == 2
    found = json.loads(as_json.output)
    assert {"path", "line", "column", "code", "message", "cure", "severity"} == set(found[0])


def test_flows_are_checked_against_queues_tiers_skills_and_backends(tmp_path):
    flows = tmp_path / "flows"
    shutil.copytree(ROOT / "flows", flows)
    agent = flows / "agent.yaml"
    agent.write_text(
        agent.read_text()
        .replace('queue: "${queue}"', "queue: biling")
        .replace("needs: [\"${'lang_' + call.language}\"]", "needs: [lang_fr]")
    )
    balance = flows / "balance.yaml"
    balance.write_text(balance.read_text().replace("backend: accounts", "backend: acounts"))
    output = run("check", flows, "--config", ROOT / "config").output
    assert 'no queue "biling" (did you mean "billing"?)' in output
    assert 'no skill "lang_fr"' in output
    assert 'no backend "acounts" (did you mean "accounts"?)' in output


def test_a_configuration_that_is_not_there_is_a_finding(tmp_path):
    result = run("check", ROOT / "flows", "--config", tmp_path)
    assert result.exit_code == 2
    assert "backends.yaml:1:1: unreadable" in result.output
