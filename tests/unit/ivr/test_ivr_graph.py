"""Flows as pictures: nothing lies on anything else, and every way on is labelled."""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.graph import Edge, Graph, Node, graph_of, lay_out, mermaid, svg
from tests.unit.ivr.ivr_room import ROOT, files, flow_text
from tests.unit.ivr.test_ivr_commands_line import run

FOLDERS = [ROOT / "flows", *sorted((ROOT / "flows/examples").iterdir())]
FLOWS = [(folder, name) for folder in FOLDERS for name in load_flows(folder).flows]


def sixty_steps() -> FlowSet:
    """Return a flow of sixty steps full of jumps, loops and ways back."""
    menus = [
        f'm{n}: {{type: menu, say: {{zh: 第{n}步请按键选择, en: "Step {n}, please press a key"}}, choices: '
        f'{{"1": m{(n + 1) % 57}, "2": m{(n * 7 + 3) % 57}, "3": m{n}, "4": m{(n * 13 + 5) % 57}, "#": safe}}}}'
        for n in range(57)
    ]
    steps = [*menus, "a: {type: goto, step: m0}", "safe: {type: say, say: {zh: 好, en: Good}, next: bye}"]
    flows = load_flows(files(flow_text("\n".join(steps))))
    assert len(flows.flows["main"].steps) == 60
    return flows


def check(graph: Graph) -> None:
    layout = lay_out(graph)
    boxes = [*layout.boxes.values(), *(route.label for route in layout.routes)]
    assert [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)] == []
    for box in boxes:
        assert box.x - box.width / 2 >= 0
        assert box.x + box.width / 2 <= layout.width
        assert box.y + box.height / 2 <= layout.height
    assert len(layout.routes) == len(graph.edges)
    assert all(edge.label for edge in graph.edges)
    assert {node.id for node in graph.nodes} == set(layout.boxes)


def test_nothing_overlaps_in_a_flow_of_sixty_steps():
    graph = graph_of(sixty_steps(), "main")
    assert len(graph.nodes) == 60
    check(graph)


@pytest.mark.parametrize(("folder", "name"), FLOWS, ids=lambda value: getattr(value, "name", value))
def test_nothing_overlaps_in_the_projects_own_flows(folder, name):
    check(graph_of(load_flows(folder), name))


def test_lines_run_from_source_to_target_and_miss_the_other_nodes():
    graph = graph_of(load_flows(ROOT / "flows"), "main")
    layout = lay_out(graph)
    for route in layout.routes:
        source, target = layout.boxes[route.edge.source], layout.boxes[route.edge.target]
        (first_x, first_y), (last_x, last_y) = route.points[0], route.points[-1]
        assert abs(first_y - source.y) <= source.height / 2 + 0.01
        assert abs(last_y - target.y) <= target.height / 2 + 0.01
        assert abs(first_x - source.x) <= source.width / 2 + 0.01
        assert abs(last_x - target.x) <= target.width / 2 + 0.01
        for name, box in layout.boxes.items():
            if name not in (route.edge.source, route.edge.target):
                inside = [
                    (x, y) for x, y in route.points
                    if abs(x - box.x) < box.width / 2 and abs(y - box.y) < box.height / 2
                ]  # fmt: skip
                assert inside == [], f"{route.edge} runs through {name}"


def test_ways_to_the_same_step_share_an_edge_and_conditions_are_shown():
    graph = graph_of(load_flows(ROOT / "flows"), "main")
    edges = {(edge.source, edge.target): edge for edge in graph.edges}
    assert edges["menu", "give_up"].label == "no key, wrong key"
    assert edges["menu", "give_up"].trouble
    assert edges["menu", "menu"].label == "*"
    assert edges["is_customer", "remember_customer"].label == "found.found"
    assert edges["agent_directly", "flow agent"].label == "for good"


def test_first_words_stand_in_both_languages():
    nodes = {node.id: node for node in graph_of(load_flows(ROOT / "flows"), "main").nodes}
    assert nodes["welcome"].lines == ("say", "欢迎致电光明电力客户服务…", "Welcome to the Guangming…")
    assert nodes["goodbye"].lines[1] == "感谢您的来电，再见。"
    assert next(iter(nodes)) == "has_number"


def test_the_svg_is_well_formed_and_holds_every_label():
    graph = graph_of(load_flows(ROOT / "flows/examples/bank"), "main")
    root = ET.fromstring(svg(graph))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("yes") == sum(edge.label == "yes" for edge in graph.edges)
    assert 'account != ""' in texts
    assert not [element for element in root.iter() if "script" in element.tag or "href" in "".join(element.attrib)]


def test_names_cannot_break_out_of_the_picture():
    graph = Graph(
        '<b>&"', (Node("a", "say", "<a>&", ('"x"',)), Node("b", "out", "b")), (Edge("a", "b", 'x < "1" | #'),)
    )
    ET.fromstring(svg(graph))
    text = mermaid(graph)
    assert "<a>" not in text
    assert re.search(r'n0 -->\|"[^"|]*"\| n1', text)


def test_mermaid_has_every_node_and_edge():
    graph = graph_of(load_flows(ROOT / "flows"), "balance")
    lines = mermaid(graph).splitlines()
    assert lines[0] == "flowchart TD"
    assert len(lines) == 1 + len(graph.nodes) + len(graph.edges)
    assert '  n0 -->|"otherwise"| n1' in lines


def test_the_command_draws_and_refuses(tmp_path):
    assert run("graph", "survey", "--flows", ROOT / "flows").output.startswith("flowchart TD")
    picture = tmp_path / "main.svg"
    assert run("graph", "--flows", ROOT / "flows", "--svg", picture).output == ""
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    wrong = run("graph", "balanse", "--flows", ROOT / "flows")
    assert wrong.exit_code == 2
    assert 'did you mean "balance"?' in wrong.output
    assert run("graph", "--flows", ROOT / "flows", "--svg", tmp_path / "no" / "x.svg").exit_code == 2
