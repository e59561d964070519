from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.graph.graphs import captured
from tower_anime.graph.links import Slot
from tower_anime.graph.load import parse_workflow
from tower_anime.graph.ready import READY, template
from tower_anime.graph.text import replaced

ODD = """ {"note": 1,
  "prompt" : {"3":{"class_type":"KSampler","inputs":{"steps":20 ,"cfg":7.00, "steps" : 21,
     "text":"\\u00e9 \\"{,}[", "model":["4",0]}, "_meta":{"title":"\\u2603"}},
   "4": {"inputs": {}, "class_type": "A"}}, "client_id":"x"}\n"""


def test_only_the_value_changes_whatever_the_file_looks_like() -> None:
    graph = parse_workflow(ODD)
    changed = replaced(ODD, graph, {Slot("3", "steps"): 30, Slot("3", "cfg"): 7})
    assert changed == ODD.replace('"steps" : 21', '"steps" : 30')
    text = replaced(ODD, graph, {Slot("3", "text"): 'a "quote"\n☃'})
    assert parse_workflow(text)["3"]["inputs"]["text"] == 'a "quote"\n☃'


def test_a_truth_value_is_no_number() -> None:
    text = '{"1": {"class_type": "A", "inputs": {"x": true}}}'
    assert replaced(text, parse_workflow(text), {Slot("1", "x"): 1}) == text.replace("true", "1")


@pytest.mark.parametrize("indent", [None, 2])
@given(data=st.data())
def test_what_is_written_is_read_back_and_nothing_else_moves(
    indent: int | None, data: st.DataObject
) -> None:
    names = [*READY, "scenario"]
    name = data.draw(st.sampled_from(names))
    graph: Any = captured("video_wan") if name == "scenario" else template(name)
    text = json.dumps(graph, indent=indent)
    slots = [
        Slot(node, key)
        for node, body in graph.items()
        for key, value in body["inputs"].items()
        if not isinstance(value, list)
    ]
    values = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
    changes = data.draw(st.dictionaries(st.sampled_from(slots), values, max_size=4))
    changed = replaced(text, graph, changes)
    expected = json.loads(text)
    for slot, value in changes.items():
        expected[slot.node]["inputs"][slot.input] = value
    assert json.loads(changed) == expected
    back = {slot: graph[slot.node]["inputs"][slot.input] for slot in changes}
    assert replaced(changed, json.loads(changed), back) == text
