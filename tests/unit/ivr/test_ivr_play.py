"""`play`: parts in a row, their prompts named by part, values spoken between them, a key that stops them all."""

from tests.unit.ivr.ivr_room import Room, files, findings, flow_text, load

PLAY = """
a:
  type: play
  play:
    - {phrase: wrong}
    - {zh: "还有${number(tries)}次。", en: "You have ${number(tries)} left."}
    - {zh: 请选择。, en: Choose.}
  next: b
b: {type: menu, say: {zh: 好, en: Good}, choices: {'1': bye}}
"""


def test_parts_are_heard_in_order_as_one_announcement():
    room = Room(load(PLAY, variables="tries: {type: number, value: 2}"))
    assert room.plays[:2] == ["phrases/wrong", "main/a-part2-1"]
    assert room.plays[-2:] == ["main/a-part2-2", "main/a-part3-1"]
    assert len(room.plays) == 5, "and the number between them"
    room.played()
    assert room.where == "main/b"


def test_a_key_stops_all_of_it_and_counts_for_the_next_question():
    room = Room(load(PLAY, variables="tries: number"))
    room.press("1")
    assert room.step.ended is not None


def test_nothing_to_play_and_wrong_parts_are_found():
    def codes(steps: str) -> list[str]:
        return [finding.code for finding in findings(files(flow_text(steps)))]

    assert codes("a: {type: play, play: [], next: bye}") == ["bad-text"]
    assert codes("a: {type: play, next: bye}") == ["missing-key"]
    assert codes("a: {type: play, play: [hello, {zh: 好}], next: bye}") == ["bad-text", "missing-language"]
    assert codes("a: {type: play, play: {zh: 好, en: Good}, next: bye}") == []
