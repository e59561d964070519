"""What a file carries is read when nobody says what it should be."""

from __future__ import annotations

import json

import pytest

from tower_anime.domain.expectation import Expectation
from tower_anime.graph import ready
from tower_anime.graph.layout import laid_out
from tower_anime.pipeline.told import asked_of, without_larger_size
from tower_anime.sandbox.catalog import Catalog

NOTHING = Expectation()


def graph(name: str = ready.DEFAULT, prompt: str = "1girl, night") -> dict[str, object]:
    made = json.loads(json.dumps(ready.template(name)))
    for node in made.values():
        if node["class_type"] == "CLIPTextEncode":
            node["inputs"]["text"] = prompt if prompt else ""
            prompt = "lowres"
    return made


def test_comfyui_s_prompt_is_read_with_the_size_it_was_drawn_at() -> None:
    found = asked_of({"prompt": json.dumps(graph())}, prompt=None, negative="", expect=NOTHING)
    assert found is not None
    assert {found.prompt, found.negative} == {"1girl, night", "lowres"}
    assert found.source == "file"
    assert found.expect.width
    assert found.expect.height


def test_the_caller_s_word_goes_first() -> None:
    texts = {"prompt": json.dumps(graph())}
    found = asked_of(texts, prompt="day", negative="", expect=NOTHING)
    assert found is not None
    assert (found.prompt, found.source) == ("day", "given")
    assert asked_of(texts, prompt="", negative="", expect=NOTHING).prompt == ""  # type: ignore[union-attr]
    expect = Expectation(width=99, height=99)
    kept = asked_of(texts, prompt=None, negative="", expect=expect)
    assert kept is not None
    assert kept.expect == expect


def test_a_size_that_later_nodes_change_is_not_expected() -> None:
    made = graph()
    made["99"] = {"class_type": "ImageScaleBy", "inputs": {"image": ["8", 0], "scale_by": 2.0}}
    found = asked_of({"prompt": json.dumps(made)}, prompt=None, negative="", expect=NOTHING)
    assert found is not None
    assert found.expect == NOTHING


def test_a_file_that_was_enlarged_is_what_its_maker_wanted() -> None:
    found = asked_of({"prompt": json.dumps(graph())}, prompt=None, negative="", expect=NOTHING)
    assert found is not None
    assert found.expect.width is not None
    assert found.expect.height is not None
    width, height = found.expect.width, found.expect.height
    assert without_larger_size(found, 2 * width, 2 * height).expect.width is None  # type: ignore[union-attr]
    assert without_larger_size(found, width // 2, height // 2) == found


def test_parameters_of_other_programs() -> None:
    text = "a dark (cave:1.2),\nbats\nNegative prompt: blurry,\nlowres\nSteps: 20, Sampler: Euler"
    found = asked_of({"parameters": text}, prompt=None, negative="", expect=NOTHING)
    assert found is not None
    assert found.prompt == "a dark (cave:1.2),\nbats"
    assert found.negative == "blurry,\nlowres"


def test_a_clip_s_comment() -> None:
    text = json.dumps({"prompt": json.dumps(graph()), "workflow": {}})
    found = asked_of({"comment": text}, prompt=None, negative="", expect=NOTHING)
    assert found is not None
    assert found.source == "file"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "[]",
        "null",
        '{"1": 3}',
        '{"1": {"class_type": "X", "inputs": {"a": ["1", 0]}}}',
        '{"prompt": {"1": {"class_type": 5}}}',
        "a cat",
        "[" * 50_000,
    ],
)
def test_broken_texts_say_nothing(text: str) -> None:
    for key in ("prompt", "comment", "parameters"):
        assert asked_of({key: text}, prompt=None, negative="", expect=NOTHING) is None


@pytest.mark.parametrize("name", ready.READY)
def test_a_workflow_in_ui_format_says_the_same(name: str) -> None:
    made = graph(name)
    catalog = Catalog().listing([])
    drawn = laid_out(json.loads(json.dumps(made)), catalog)
    assert drawn is not None
    for key, text in (("workflow", drawn), ("comment", {"workflow": drawn})):
        found = asked_of({key: json.dumps(text)}, prompt=None, negative="", expect=NOTHING)
        api = asked_of({"prompt": json.dumps(made)}, prompt=None, negative="", expect=NOTHING)
        assert found is not None
        assert found == api


BROKEN: tuple[object, ...] = (None, 3, "x", [], {}, [None], {"id": 1}, -1, [[1, 2]], True)


def test_a_broken_workflow_says_nothing() -> None:
    drawn = laid_out(json.loads(json.dumps(graph())), Catalog().listing([]))
    assert drawn is not None
    for key in (*drawn, "definitions"):
        for wrong in BROKEN:
            _read_workflow({**drawn, key: wrong})
    for key in drawn["nodes"][0]:
        for wrong in BROKEN:
            _read_workflow({**drawn, "nodes": [{**node, key: wrong} for node in drawn["nodes"]]})
    _read_workflow({"nodes": drawn["nodes"], "links": [[n, 1, 0, 1, 0, "X"] for n in range(99)]})


def _read_workflow(told: object) -> None:
    """Read it; nothing but an answer may come of that."""
    asked_of({"workflow": json.dumps(told)}, prompt=None, negative="", expect=NOTHING)
