"""Which input of a graph means what, found by following the links from its outputs.

Node ids and titles say nothing; only class types of outputs, names of inputs and links count.
What can't be decided is listed with its reason, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tower_anime.domain.graph import Catalog, Graph, is_link
from tower_anime.graph.catalog import is_output


@dataclass(frozen=True, order=True)
class Slot:
    """One literal input of one node."""

    node: str
    input: str


@dataclass(frozen=True)
class Ambiguity:
    """A parameter with several meanings in this graph, and why none was chosen."""

    parameter: str
    candidates: tuple[Slot, ...]
    reason: str


@dataclass(frozen=True)
class Roles:
    """What a graph's parameters are bound to.

    `bound` maps a parameter to the slots that hold its value (all get the same one when it is
    set, the first is the one read); `samplers` in the order in which they run, `outputs` the
    nodes the graph runs for.
    """

    outputs: tuple[str, ...]
    samplers: tuple[str, ...]
    bound: Mapping[str, tuple[Slot, ...]]
    unbound: tuple[str, ...]
    ambiguous: tuple[Ambiguity, ...]


# Where each parameter of a sampler may stand: the links to follow, then the input's name.
# KSampler and KSamplerAdvanced hold all themselves; SamplerCustom and SamplerCustomAdvanced
# have it behind their sigmas, sampler, noise and guider.
_SAMPLER_PATHS: dict[str, tuple[tuple[str | None, str], ...]] = {
    "steps": ((None, "steps"), ("sigmas", "steps")),
    "cfg": ((None, "cfg"), ("guider", "cfg")),
    "sampler": ((None, "sampler_name"), ("sampler", "sampler_name")),
    "scheduler": ((None, "scheduler"), ("sigmas", "scheduler")),
    "denoise": ((None, "denoise"), ("sigmas", "denoise")),
    "seed": ((None, "seed"), (None, "noise_seed"), ("noise", "noise_seed")),
}
_POSITIVE = ((None, "positive"), ("guider", "positive"), ("guider", "conditioning"))
_NEGATIVE = ((None, "negative"), ("guider", "negative"))
_MODEL = ((None, "model"), ("guider", "model"))
_TEXTS = ("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "prompt")  # of text encoders
_MODEL_FILES = ("ckpt_name", "unet_name")
_LATENT_INPUTS = ("latent_image", "samples", "latent")
_FRAMES = ("length", "video_frames", "num_frames")
_FRAME_RATES = ("fps", "frame_rate")
# Without a catalog these are taken for outputs; any node that nothing reads is one as well.
_OUTPUT_PREFIXES = ("Save", "Preview", "VHS_VideoCombine")

PARAMETERS = (
    "prompt",
    "negative",
    *_SAMPLER_PATHS,
    "checkpoint",
    "width",
    "height",
    "frames",
    "frame_rate",
    "filename_prefix",
)
"""The parameters that may be bound."""


def find(graph: Graph, catalog: Catalog | None = None) -> Roles:
    """Return what the graph's parameters are bound to; a catalog tells outputs for certain."""
    outputs = output_nodes(graph, catalog)
    samplers = _in_running_order(graph, [n for n in upstream(graph, outputs) if _samples(graph, n)])
    candidates: dict[str, list[Slot]] = {parameter: [] for parameter in PARAMETERS}
    ambiguous: list[Ambiguity] = []
    for parameter, paths in _SAMPLER_PATHS.items():
        slots = [slot for sampler in samplers if (slot := _first(graph, sampler, paths))]
        bound, doubt = _decide(graph, parameter, slots, samplers)
        candidates[parameter] = bound
        ambiguous += doubt
    if samplers:
        base = samplers[0]
        candidates |= _prompts(graph, base) | _latent(graph, base)
        candidates["checkpoint"] = _climb(graph, base, _MODEL, _MODEL_FILES)
    candidates["frame_rate"] = _frame_rates(graph, outputs)
    candidates["filename_prefix"] = [
        slot for node in outputs if (slot := literal(graph, node, "filename_prefix"))
    ]
    named = {doubt.parameter for doubt in ambiguous}
    return Roles(
        outputs=outputs,
        samplers=samplers,
        bound={name: tuple(dict.fromkeys(slots)) for name, slots in candidates.items() if slots},
        unbound=tuple(n for n, slots in candidates.items() if not slots and n not in named),
        ambiguous=tuple(ambiguous),
    )


def output_nodes(graph: Graph, catalog: Catalog | None = None) -> tuple[str, ...]:
    """Return the nodes the server would run the graph for, saving ones before previews."""
    read = {source for node in graph for _, source, _ in links(graph, node)}
    found = [
        node
        for node, body in graph.items()
        if (catalog is not None and is_output(catalog, body["class_type"]))
        or (
            (catalog is None or body["class_type"] not in catalog)
            and (body["class_type"].startswith(_OUTPUT_PREFIXES) or node not in read)
        )
    ]
    return tuple(sorted(found, key=lambda n: graph[n]["class_type"].startswith("Preview")))


def links(graph: Graph, node: str) -> Iterator[tuple[str, str, int]]:
    """Yield (input, source node, source's output number) of a node's links to nodes in it."""
    for name, value in graph[node]["inputs"].items():
        if is_link(value) and value[0] in graph:
            yield name, value[0], value[1]


def upstream(graph: Graph, starts: tuple[str, ...]) -> tuple[str, ...]:
    """Return every node that the starts depend on, themselves included, nearest first."""
    seen: dict[str, None] = dict.fromkeys(starts)
    queue = list(starts)
    for node in queue:
        for _, source, _ in links(graph, node):
            if source not in seen:
                seen[source] = None
                queue.append(source)
    return tuple(seen)


def literal(graph: Graph, node: str, name: str) -> Slot | None:
    """Return the slot that holds an input's value: its own, or a primitive's behind a link.

    A primitive is a node whose only input is a literal, such as PrimitiveInt {"value": 20};
    nodes with one linked input, such as Reroute, are passed through.
    """
    for _ in range(len(graph)):
        inputs = graph[node]["inputs"]
        if name not in inputs:
            return None
        value = inputs[name]
        if not is_link(value):
            return Slot(node, name)
        node = value[0]
        if node not in graph or len(graph[node]["inputs"]) != 1:
            return None
        name = next(iter(graph[node]["inputs"]))
    return None


def value_at(graph: Graph, slot: Slot) -> Any:
    """Return what a slot holds."""
    return graph[slot.node]["inputs"][slot.input]


def _samples(graph: Graph, node: str) -> bool:
    """Whether a node draws a latent: it has one and either conditions or a guider."""
    inputs = graph[node]["inputs"]
    linked = {name for name, value in inputs.items() if is_link(value)}
    return "latent_image" in linked and bool(linked & {"positive", "guider"})


def _in_running_order(graph: Graph, samplers: list[str]) -> tuple[str, ...]:
    """Order samplers by how many others they build upon; outputs' order where that is equal."""
    depth = {s: sum(other in upstream(graph, (s,)) for other in samplers) for s in samplers}
    return tuple(sorted(samplers, key=lambda sampler: depth[sampler]))


def _source(graph: Graph, node: str, name: str | None) -> str | None:
    """Return the node behind a link input (`name` None: the node itself)."""
    if name is None:
        return node
    value = graph[node]["inputs"].get(name)
    return value[0] if is_link(value) and value[0] in graph else None


def _first(graph: Graph, node: str, paths: tuple[tuple[str | None, str], ...]) -> Slot | None:
    """Return the first of `paths` that ends at a literal, passing nodes like SplitSigmas."""
    for link, name in paths:
        at = _source(graph, node, link)
        for _ in range(len(graph)):
            if at is None:
                break
            if slot := literal(graph, at, name):
                return slot
            at = _source(graph, at, link) if link else None
    return None


def _decide(
    graph: Graph, parameter: str, slots: list[Slot], samplers: tuple[str, ...]
) -> tuple[list[Slot], list[Ambiguity]]:
    """Bind the base sampler's slot and those of later ones that hold the same value.

    A later sampler with a value of its own (a refinement pass) keeps it; several base samplers
    that differ leave the parameter open, and so do steps that are split among samplers.
    """
    if not slots:
        return [], []
    if parameter == "steps" and any(_is_part(graph, sampler) for sampler in samplers):
        reason = "the steps are split among samplers by start_at_step and end_at_step"
        return [], [Ambiguity(parameter, tuple(dict.fromkeys(slots)), reason)]
    if parameter == "denoise":
        return slots[:1], []
    bases = [
        s for s in samplers if not any(s != o and o in upstream(graph, (s,)) for o in samplers)
    ]
    first = value_at(graph, slots[0])
    base_values = [
        value_at(graph, slot)
        for base in bases
        if (slot := _first(graph, base, _SAMPLER_PATHS[parameter]))
    ]
    if any(value != first for value in base_values):
        reason = f"{len(bases)} samplers start on their own, with different values"
        return [], [Ambiguity(parameter, tuple(dict.fromkeys(slots)), reason)]
    return [slot for slot in slots if value_at(graph, slot) == first], []


def _is_part(graph: Graph, sampler: str) -> bool:
    """Whether a sampler runs only some of its steps (KSamplerAdvanced)."""
    inputs = graph[sampler]["inputs"]
    steps, start, end = (inputs.get(name) for name in ("steps", "start_at_step", "end_at_step"))
    return (isinstance(start, int) and start > 0) or (
        isinstance(end, int) and isinstance(steps, int) and end < steps
    )


def _climb(
    graph: Graph, node: str, paths: tuple[tuple[str | None, str], ...], names: tuple[str, ...]
) -> list[Slot]:
    """Follow a chain of links of one kind (LoRAs, patches) to the first node with a literal."""
    for link, name in paths:
        at = _source(graph, node, link)
        at = _source(graph, at, name) if at else None
        for _ in range(len(graph)):
            if at is None:
                break
            if slots := [slot for wanted in names if (slot := literal(graph, at, wanted))]:
                return slots
            at = _source(graph, at, name)
    return []


def _prompts(graph: Graph, sampler: str) -> dict[str, list[Slot]]:
    """Return the texts behind the positive and the negative side, without shared ones."""
    positive = _texts(graph, sampler, _POSITIVE)
    negative = _texts(graph, sampler, _NEGATIVE)
    return {
        "prompt": positive,
        "negative": [slot for slot in negative if slot not in positive],
    }


def _texts(graph: Graph, sampler: str, paths: tuple[tuple[str | None, str], ...]) -> list[Slot]:
    for link, name in paths:
        at = _source(graph, sampler, link)
        if at and (found := _texts_behind(graph, at, name, frozenset())):
            return found
    return []


def _texts_behind(graph: Graph, node: str, name: str, seen: frozenset[str]) -> list[Slot]:
    """Return text literals behind a conditioning input; of several encoders the first one's.

    A node with both sides (ControlNet, inpainting, image-to-video) gives positive as output 0
    and negative as output 1. A zeroed-out condition has no text that matters.
    """
    value = graph[node]["inputs"].get(name)
    if not is_link(value) or value[0] not in graph or value[0] in seen:
        return []
    source, number = value
    inputs = graph[source]["inputs"]
    if graph[source]["class_type"] == "ConditioningZeroOut":
        return []
    if texts := [slot for text in _TEXTS if (slot := _text(graph, source, text))]:
        return texts
    seen |= {source}
    if "positive" in inputs and "negative" in inputs:
        sides = ["positive", "negative"]
        return _texts_behind(graph, source, sides[number], seen) if number < len(sides) else []
    for side in inputs:
        if side.startswith("conditioning") and (found := _texts_behind(graph, source, side, seen)):
            return found
    return []


def _text(graph: Graph, node: str, name: str) -> Slot | None:
    slot = literal(graph, node, name)
    return slot if slot and isinstance(value_at(graph, slot), str) else None


def _latent(graph: Graph, sampler: str) -> dict[str, list[Slot]]:
    """Return size and length of the empty latent that the first sampler starts from.

    A latent made of a picture (VAEEncode) has no size of its own: nothing is bound then.
    """
    at = _source(graph, sampler, "latent_image")
    for _ in range(len(graph)):
        if at is None:
            break
        onward = next((s for name in _LATENT_INPUTS if (s := _source(graph, at, name))), None)
        width, height = literal(graph, at, "width"), literal(graph, at, "height")
        if onward is None and width and height:
            frames = [slot for name in _FRAMES if (slot := literal(graph, at, name))]
            return {"width": [width], "height": [height], "frames": frames[:1]}
        at = onward
    return {}


def _frame_rates(graph: Graph, outputs: tuple[str, ...]) -> list[Slot]:
    """Return the rates behind the outputs that hold the same value as the first of them."""
    slots = [
        slot
        for node in upstream(graph, outputs)
        for name in _FRAME_RATES
        if (slot := literal(graph, node, name))
    ]
    return [slot for slot in slots if value_at(graph, slot) == value_at(graph, slots[0])]
