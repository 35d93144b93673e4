"""The caller's line in AsyncAGI: every wait ends, answers that nobody waits for harm nobody."""

import asyncio

import pytest

from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown
from cti.ami.switch import Switch
from cti.calls.line import PLAY_BYTES, Line, LineGone, Recorded, playback_argument
from tests.unit.cti.channels import CALLER, executed
from tests.unit.cti.requester import Requester

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class Wire(Requester):
    """Answers AGI commands with `results` (by beginning of the command), in the order given; None: never; a text: 1 (text)."""

    def __init__(self) -> None:
        super().__init__()
        self.line: Line = None  # type: ignore[assignment]
        self.results: dict[str, list[int | str | None]] = {}

    async def request(self, action, headers=(), **more):
        answer = await super().request(action, headers, **more)
        if action == "AGI":
            fields = dict(headers)
            planned = next((results for begin, results in self.results.items() if fields["Command"].startswith(begin)), None)
            result = planned.pop(0) if planned else 0
            if result is not None:
                number, data = (1, result) if isinstance(result, str) else (result, "")
                done = executed("c1", fields["CommandID"], number, data=data)
                asyncio.get_running_loop().call_soon(self.line.agi_executed, done)
        return answer

    def commands(self):
        return [fields["Command"] for fields in self.actions("AGI")]


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def line(wire):
    wire.line = Line(Switch(wire), "c1", CALLER, lambda prompts, _language: float(len(prompts)))
    return wire.line


async def test_entering_waits_for_agi_and_asks_once(line, wire):
    entering = asyncio.create_task(line.enter())
    await asyncio.sleep(1)
    assert wire.commands() == []
    line.agi_started()
    await entering
    assert wire.commands() == ["NOOP"]


async def test_entering_gives_up(line):
    with pytest.raises(LineGone):
        await line.enter()
    assert asyncio.get_running_loop().time() == pytest.approx(5, abs=0.2)


async def test_entering_ends_with_the_hangup(line):
    entering = asyncio.create_task(line.enter())
    await asyncio.sleep(1)
    line.hung_up()
    with pytest.raises(LineGone, match="hung up"):
        await entering


async def test_an_entry_that_was_over_already_is_waited_out(line, wire):
    """The channel was just moved: its old AsyncAGIEnd comes after our NOOP was sent."""
    line.agi_started()
    wire.results["NOOP"] = [None, 0]
    entering = asyncio.create_task(line.enter())
    await asyncio.sleep(0.1)
    line.agi_ended()
    await asyncio.sleep(0.1)
    line.agi_started()
    await entering
    assert wire.commands() == ["NOOP", "NOOP"]


async def test_command_ids_are_never_used_twice(line, wire):
    for _ in range(3):
        line.agi_started()
        await line.command("NOOP", 1)
        await line.command("NOOP", 1)
        line.agi_ended()
    ids = [fields["CommandID"] for fields in wire.actions("AGI")]
    assert len(set(ids)) == 6
    assert all(identity.startswith("c1.") for identity in ids)


async def test_a_command_that_is_never_answered_ends_in_time(line, wire):
    line.agi_started()
    wire.results["NOOP"] = [None]
    with pytest.raises(LineGone):
        await line.command("NOOP", 3)
    assert asyncio.get_running_loop().time() == pytest.approx(3, abs=0.1)
    assert line._waiting == {}


async def test_late_double_and_strange_answers_are_ignored(line):
    line.agi_started()
    for identity in ("c1.1.1", "c1.9.9", "", "other"):
        line.agi_executed(executed("c1", identity))
    assert (await line.command("NOOP", 1)).result == 0


@pytest.mark.parametrize("error", [ActionRefused("no"), ActionTimeout("silent")])
async def test_a_command_that_is_not_taken(line, wire, error):
    line.agi_started()
    wire.answers["AGI"] = [error]
    with pytest.raises(LineGone):
        await line.command("NOOP", 1)
    assert line._waiting == {}


async def test_a_lost_link_is_told_as_such(line, wire):
    line.agi_started()
    wire.answers["AGI"] = [LinkDown("cut")]
    with pytest.raises(LinkDown):
        await line.command("NOOP", 1)


@pytest.mark.parametrize("end", ["agi_ended", "hung_up", "agi_started"])
async def test_what_waits_ends_when_the_channel_leaves(line, wire, end):
    line.agi_started()
    wire.results["EXEC"] = [None]
    playing = asyncio.create_task(line.play(["a"], "zh", barge_in=True))
    await asyncio.sleep(0.1)
    getattr(line, end)()
    with pytest.raises(LineGone):
        await playing


async def test_playing_says_how_it_ended(line, wire):
    line.agi_started()
    assert await line.play(["a", "b"], "zh", barge_in=True)
    assert await line.play(["a"], "zh", barge_in=False)
    wire.results["EXEC Background"] = [49]
    assert await line.play(["a"], "zh", barge_in=True)
    wire.results["EXEC Background"] = [-1]
    assert not await line.play(["a"], "zh", barge_in=True)
    assert wire.commands()[:2] == ['EXEC Background "hotline/a&hotline/b,,zh"', 'EXEC Playback "hotline/a"']


async def test_a_key_ends_all_pieces_of_a_long_prompt(line, wire):
    line.agi_started()
    wire.results["EXEC Background"] = [0, 49]
    assert await line.play([f"very/long/name/of/a/prompt-{n:03}" for n in range(100)], "zh", barge_in=True)
    assert len(wire.commands()) == 2


async def test_long_prompts_are_split_so_that_each_piece_fits():
    names = [f"flow/step-{n}" for n in range(200)]
    pieces = playback_argument(names)
    assert max(map(len, pieces)) <= PLAY_BYTES
    assert "&".join(pieces).split("&") == ["hotline/" + name for name in names]
    assert playback_argument([]) == []


async def test_recording(line, wire):
    line.agi_started()
    wire.results["EXEC Record"] = [0, 0, 0, -1]
    wire.results["GET VARIABLE"] = ["DTMF", "SILENCE", "ERROR"]
    ends = [await line.record("/spool/m.wav", 3.0, 60.0, keys) for keys in ("#", "*", "*#", "#")]
    assert ends == [Recorded.WHOLE, Recorded.BY_SILENCE, Recorded.FAILED, Recorded.FAILED]
    recorded = [command for command in wire.commands() if command.startswith("EXEC")]
    assert recorded == [f'EXEC Record "/spool/m.wav,3,60,{options}"' for options in ("k", "kt", "ky", "k")]


async def test_fetching_moves_him_and_waits_for_his_new_entry(line, wire):
    line.agi_started()
    fetching = asyncio.create_task(line.fetch())
    await asyncio.sleep(0.1)
    assert wire.actions("Redirect")[0]["Exten"] == "again"
    assert wire.commands() == []
    line.agi_ended()
    line.agi_started()
    await fetching
    assert wire.commands() == ["NOOP"]


async def test_who_cannot_be_fetched_is_gone(line, wire):
    wire.answers["Redirect"] = [ActionRefused("No such channel")]
    with pytest.raises(LineGone):
        await line.fetch()


async def test_after_a_talk_he_comes_by_himself_or_is_fetched(line, wire):
    coming = asyncio.create_task(line.await_return(2.0))
    await asyncio.sleep(1)
    line.agi_started()
    await coming
    assert wire.actions("Redirect") == []
    line.agi_ended()
    coming = asyncio.create_task(line.await_return(2.0))
    await asyncio.sleep(2.1)
    assert len(wire.actions("Redirect")) == 1
    line.agi_started()
    await coming


async def test_leaving_names_the_way_first_and_waits_until_he_is_out(line, wire):
    line.agi_started()
    leaving = asyncio.create_task(line.leave("hold"))
    await asyncio.sleep(0.1)
    assert not leaving.done()
    line.agi_ended()
    await leaving
    assert [action for action, _ in wire.sent] == ["Setvar", "AGI"]
    assert wire.actions("Setvar")[0]["Value"] == "hold"


async def test_leaving_without_an_end_is_told(line):
    line.agi_started()
    with pytest.raises(LineGone):
        await line.leave("hold")


async def test_the_end_is_polite_or_hard_but_comes(line, wire):
    line.agi_started()
    await line.end()
    assert wire.actions("Hangup") == [{"Channel": CALLER, "Cause": "16"}]


async def test_the_end_of_who_is_gone_needs_nothing(line, wire):
    line.hung_up()
    await line.end()
    assert wire.sent == []


async def test_a_link_lost_at_the_end_leaves_him_to_the_next_server(line, wire):
    line.agi_started()
    wire.answers["AGI"] = [LinkDown("cut")]
    with pytest.raises(LinkDown):
        await line.end()


async def test_a_hangup_that_is_told_a_little_late(line):
    waiting = asyncio.create_task(line.gone_within(0.5))
    await asyncio.sleep(0.2)
    line.hung_up()
    assert await waiting
    assert line.gone
