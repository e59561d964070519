"""A user's own bindings: they overrule, decide what is open, and are refused when they miss."""

from __future__ import annotations

import pytest

from tests.unit.graph.graphs import hires, two_halves
from tower_anime.errors import BadInput
from tower_anime.graph.bind import set_values
from tower_anime.graph.links import Slot
from tower_anime.graph.own import parse_bindings, template_of
from tower_anime.graph.ready import template
from tower_anime.graph.source import bundled, parse_source

WRONG = {
    "x =": "not TOML",
    "bind = 3": "must be a table",
    "[other]\na = 1": "unknown table 'other'",
    '[bind]\nfoo = "6.text"': "unknown parameter 'foo'.*prompt, negative",
    "[bind]\nprompt = 3": 'must be "node.input"',
    '[bind]\nprompt = [["6.text"]]': 'must be "node.input"',
}
MISSES = {
    '[bind]\nprompt = "99.text"': "no such node; there are 4, 5",
    '[bind]\nprompt = "6"': "no such node",
    '[bind]\nprompt = "6.words"': r"node 6 \(CLIPTextEncode\) has no such input; it has text",
    '[bind]\nprompt = "6.clip"': "node 4 computes that value",
}


def test_a_users_word_overrules_and_decides() -> None:
    bindings = parse_bindings('[bind]\nsteps = ["second.steps", "first.steps"]\nnegative = []')
    found = template_of(hires(), bindings=bindings)
    assert found.roles.bound["steps"] == (Slot("second", "steps"), Slot("first", "steps"))
    assert "negative" in found.roles.unbound
    changed = set_values(found.graph, found.roles, {"steps": 9})
    assert (changed["second"]["inputs"]["steps"], changed["first"]["inputs"]["steps"]) == (9, 9)


def test_an_open_parameter_is_decided() -> None:
    assert "checkpoint" not in template_of(two_halves()).roles.bound
    bindings = parse_bindings('[bind]\ncheckpoint = "high.unet_name"')
    roles = template_of(two_halves(), bindings=bindings).roles
    assert roles.bound["checkpoint"] == (Slot("high", "unet_name"),)
    assert roles.ambiguous == ()
    assert roles.splits == template_of(two_halves()).roles.splits


def test_steps_of_the_users_own_move_nothing_else() -> None:
    bindings = parse_bindings('[bind]\nsteps = "a.steps"')
    assert template_of(two_halves(), bindings=bindings).roles.splits == ()


def test_names_of_inputs_may_have_dots() -> None:
    graph = template()
    graph["3"]["inputs"]["mode.seed"] = 4
    bindings = parse_bindings('[bind]\nseed = "3.mode.seed"')
    assert template_of(graph, bindings=bindings).roles.bound["seed"] == (Slot("3", "mode.seed"),)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_binding_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=WRONG[text]):
        parse_bindings(text)


@pytest.mark.parametrize("text", MISSES)
def test_a_binding_that_leads_nowhere_says_what_there_is(text: str) -> None:
    with pytest.raises(BadInput, match=MISSES[text]):
        template_of(template(), bindings=parse_bindings(text))


def test_a_kept_workflow_carries_its_bindings() -> None:
    written = '{"1": {"class_type": "A", "inputs": {"a": 1}}}'
    assert bundled(written, None) == written
    source = parse_source(bundled(written, '[bind]\nseed = "1.a"'))
    assert source == parse_source(written, '[bind]\nseed = "1.a"')
    assert source.bindings == {"seed": ("1.a",)}
