"""What a file itself says that it was meant to be: the prompt and workflow that it carries."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tower_anime.assess.asked import Relaxation
from tower_anime.domain.expectation import Expectation
from tower_anime.domain.graph import Graph
from tower_anime.domain.quality import Asked
from tower_anime.errors import BadInput, InvalidGraph
from tower_anime.graph import bind, roles
from tower_anime.graph.convert import convert
from tower_anime.graph.core_classes import CORE
from tower_anime.graph.load import parse_workflow
from tower_anime.graph.ui import is_ui

# Classes whose work makes a file another size, length or rate than the latents had.
_RESHAPES = re.compile(
    r"upscal|resiz|scale|crop|pad|stitch|concat|interpol|rife|film|combine ?images|composite|grid|"
    r"repeat|select|batch|loadimage|loadvideo",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(r"^Negative prompt:\s*", re.MULTILINE)
_SETTINGS = re.compile(r"^Steps: \d+", re.MULTILINE)
_MOST_NODES = 5000


def asked_of(
    texts: Mapping[str, str], *, prompt: str | None, negative: str, expect: Expectation
) -> Asked | None:
    """Return what was asked: by the caller, else by the file; None where nobody says anything."""
    if prompt is not None:
        return Asked(prompt=prompt, negative=negative, expect=expect)
    embedded = _embedded(texts)
    if embedded is None:
        return Asked(expect=expect) if expect != Expectation() else None
    return replace(embedded, expect=_filled(expect, embedded.expect))


def with_words(asked: Asked | None, relaxation: Relaxation) -> Asked | None:
    """Return what was asked, with the words that were found to ask for something."""
    if asked is None:
        return None
    return replace(asked, words=dict(relaxation.words), shares=dict(relaxation.shares))


def without_larger_size(asked: Asked | None, width: int, height: int) -> Asked | None:
    """Return what was asked without a size of the file's own word that it exceeds.

    A picture that was enlarged or framed after it was drawn is what its maker wanted.
    """
    if asked is None or asked.source != "file":
        return asked
    expect = asked.expect
    if width >= (expect.width or 0) and height >= (expect.height or 0):
        return replace(asked, expect=replace(expect, width=None, height=None))
    return asked


def _filled(given: Expectation, own: Expectation) -> Expectation:
    """Return what the caller expects; where the caller says nothing of it, what the file does."""
    if given != Expectation():
        return given
    return own


def _embedded(texts: Mapping[str, str]) -> Asked | None:
    graph = _graph_of(texts)
    if graph is not None:
        found = _of_graph(graph)
        if found is not None:
            return found
    parameters = texts.get("parameters")
    return _of_parameters(parameters) if parameters else None


def _graph_of(texts: Mapping[str, str]) -> Graph | None:
    """Return the graph that a file carries, None if it has none that is sound.

    That in API format is what ran; the one in UI format is read where there is no other.
    """
    said = {**_object(texts.get("comment")), **texts}
    for graph in (_of_api(said.get("prompt")), _of_ui(said.get("workflow"))):
        if graph is not None and len(graph) <= _MOST_NODES:
            return graph
    return None


def _of_api(told: object) -> Graph | None:
    text = told if isinstance(told, str) else json.dumps(told)
    if not text.lstrip().startswith("{"):
        return None
    try:
        return parse_workflow(text)
    except BadInput:
        return None


def _of_ui(told: object) -> Graph | None:
    ui = _object(told) if isinstance(told, str) else told
    if not isinstance(ui, Mapping) or not is_ui(ui) or len(ui["nodes"]) > _MOST_NODES:
        return None
    try:
        return convert(ui, CORE).graph
    except (BadInput, InvalidGraph, RecursionError):
        return None


def _object(text: str | None) -> Mapping[str, Any]:
    """Return the JSON object in a text, such as VideoHelperSuite's comment; else an empty one."""
    if not text or not text.lstrip().startswith("{"):
        return {}
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _of_graph(graph: Graph) -> Asked | None:
    try:
        values = bind.read(graph, roles.find(graph))
    except RecursionError:
        return None
    prompt = values.get("prompt")
    if not isinstance(prompt, str):
        return None
    negative = values.get("negative")
    return Asked(
        prompt=prompt,
        negative=negative if isinstance(negative, str) else "",
        source="file",
        expect=_expected(graph, values),
    )


def _expected(graph: Graph, values: Mapping[str, object]) -> Expectation:
    if any(_RESHAPES.search(node["class_type"]) for node in graph.values()):
        return Expectation()
    width, height = _count(values.get("width")), _count(values.get("height"))
    rate = values.get("frame_rate")
    is_rate = isinstance(rate, int | float) and not isinstance(rate, bool) and 0 < rate <= 1000
    frames = _count(values.get("frames"))
    return Expectation(
        width=width if height else None,
        height=height if width else None,
        frames=frames if frames and frames > 1 else None,
        frame_rate=float(rate) if is_rate and isinstance(rate, int | float) else None,
    )


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1_000_000
    return value if is_count and isinstance(value, int) else None


def _of_parameters(text: str) -> Asked | None:
    """Read the `parameters` of other programs: prompt, negative prompt and settings, in lines."""
    end = _SETTINGS.search(text)
    if end is None:
        return None
    prompt, *negative = _NEGATIVE.split(text[: end.start()], maxsplit=1)
    return Asked(prompt=prompt.strip(), negative="".join(negative).strip(), source="file")
