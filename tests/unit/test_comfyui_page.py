"""The page on ComfyUI names what there is."""

from __future__ import annotations

from pathlib import Path

from tower_anime.domain.families import FAMILIES
from tower_anime.errors import FailureClass
from tower_anime.graph.ready import READY
from tower_anime.graph.roles import PARAMETERS

PAGE = (Path(__file__).parents[2] / "docs" / "comfyui.md").read_text(encoding="utf-8")


def test_every_family_workflow_and_parameter_is_on_the_page() -> None:
    for family in FAMILIES.values():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{family.name}` |")]
        low, good, high = family.steps
        assert f"{low}–**{good}**–{high}" in row
        assert f"{family.guidance.value} {family.cfg[0]:g}–**{family.cfg[1]:g}**" in row
    for ready in READY.values():
        assert f"| `{ready.name}` | {ready.title} | `{ready.family.name}` |" in PAGE
    listed = PAGE.partition("The parameters:")[2].partition(".")[0]
    assert {word.strip() for word in listed.replace("\n", " ").split(",")} == set(PARAMETERS)


def test_every_class_of_failure_is_on_the_page() -> None:
    assert {f"`{failure}`" for failure in FailureClass if failure is not FailureClass.INTERNAL} <= {
        word.strip(",") for word in PAGE.split()
    }


def test_every_family_states_its_source_and_its_figures_are_in_order() -> None:
    for family in FAMILIES.values():
        assert family.source
        assert list(family.steps) == sorted(family.steps)
        assert list(family.cfg) == sorted(family.cfg)
        assert all(side % family.size_multiple_px == 0 for size in family.buckets for side in size)
        assert (family.frames is None) == (family.frame_rate is None)
        assert all(family.size_is_native(*size) for size in family.buckets)
