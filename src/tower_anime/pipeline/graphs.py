"""A brief's workflow on one server: fitted to its models, checked before its queue sees it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from threading import Lock
from typing import Any

from tower_anime.domain.brief import Brief
from tower_anime.domain.family import ANIMATEDIFF, UNKNOWN, Family
from tower_anime.domain.generation import Generation
from tower_anime.domain.graph import Catalog, Graph
from tower_anime.domain.request import Kind, RenderRequest
from tower_anime.errors import BadInput, InvalidGraph, MissingModel, MissingNode
from tower_anime.graph import build, guess, preflight, ready, roles
from tower_anime.graph.catalog import choices
from tower_anime.graph.links import upstream, value_at
from tower_anime.graph.own import Template, template_of
from tower_anime.graph.source import Source
from tower_anime.ports import RenderedFile, Renderer

log = logging.getLogger(__name__)


def fitted(template: Graph, name: str | None, catalog: Catalog) -> Graph:
    """Return a workflow that comes along with the server's models in it; others as they are."""
    along = ready.find(name) if name else None
    return ready.fit(template, along, catalog) if along else template


def template(source: Source, name: str | None, catalog: Catalog) -> Template:
    """Return a brief's workflow on a server: its graph, fitted, and what that is bound to."""
    return template_of(fitted(source.on(catalog), name, catalog), catalog, source.bindings)


def workflow_of(brief: Brief, catalog: Catalog) -> str | None:
    """Return the brief's workflow; for a clip without one, the first that the server can run."""
    if brief.workflow or brief.kind is Kind.STILL:
        return brief.workflow
    names = [
        name
        for name, along in ready.READY.items()
        if along.kind is Kind.CLIP and along.needs_image == bool(brief.image)
    ]
    graphs = ((name, ready.fit(ready.template(name), ready.READY[name], catalog)) for name in names)
    able = (name for name, graph in graphs if not preflight.problems(graph, catalog))
    return next(able, names[0])


class Templates:
    """What `template` and `workflow_of` gave lately: the same question costs once. Thread-safe.

    Workflows and catalogs are told by identity: their owners keep them, and replace what changed.
    """

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[tuple[int, int], tuple[Source, Catalog, Template]] = {}
        self._names: dict[tuple[int, bool], tuple[Catalog, str | None]] = {}

    def name_of(self, brief: Brief, catalog: Catalog) -> str | None:
        """Return the brief's workflow on a server, as `workflow_of` does."""
        if brief.workflow or brief.kind is Kind.STILL:
            return brief.workflow
        key = id(catalog), bool(brief.image)
        with self._lock:
            kept = self._names.get(key)
        if kept:
            return kept[1]
        name = workflow_of(brief, catalog)
        with self._lock:
            if len(self._names) >= self._most:
                self._names.clear()
            self._names[key] = catalog, name
        return name

    def on(self, source: Source, name: str | None, catalog: Catalog) -> Template:
        """Return a brief's workflow on a server, as `template` does."""
        key = id(source), id(catalog)
        with self._lock:
            kept = self._kept.get(key)  # holds both: no other object can have their identity
        if kept:
            return kept[2]
        made = template(source, name, catalog)
        with self._lock:
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[key] = source, catalog, made
        return made


def family_of(checkpoint: str | None, template: Template, stated: Mapping[str, str]) -> Family:
    """Return the family of a request: as stated for the model file, else by name or structure.

    `stated` maps file name patterns (`*` and `?`) to names of families.
    """
    base = (checkpoint or "").replace("\\", "/").rsplit("/", 1)[-1]
    for pattern, name in stated.items():
        if base and fnmatch(base.casefold(), pattern.casefold()):
            return guess.named(name)
    by_graph = guess.family(template.graph)
    by_name = guess.family(checkpoint) if checkpoint else UNKNOWN
    return by_graph if by_graph is ANIMATEDIFF or by_name is UNKNOWN else by_name


def checkpoint_of(generation: Generation, catalog: Catalog) -> str | None:
    """Return the user's checkpoint, or the first on offer that draws stills large enough.

    None for a workflow that was chosen: it loads its own.
    """
    brief = generation.brief
    wanted = brief.parameters.get("checkpoint")
    if wanted is not None:
        return str(wanted)
    if brief.workflow or brief.kind is Kind.CLIP:
        return None
    names = choices(catalog, "CheckpointLoaderSimple", "ckpt_name") or ()
    stills = [name for name in names if guess.family(name).frames is None]
    standard_px = min(generation.profile.min_width, generation.profile.min_height)
    large = (name for name in stills if guess.family(name).native_px >= standard_px)
    return next(iter((*large, *stills, *names)), None)


def offered(catalog: Catalog) -> Mapping[str, Sequence[str]]:
    """Return what the server has to choose from, by parameter."""
    found = {
        "sampler": choices(catalog, "KSampler", "sampler_name"),
        "scheduler": choices(catalog, "KSampler", "scheduler"),
        "vae": choices(catalog, "VAELoader", "vae_name"),
        "precision": choices(catalog, "UNETLoader", "weight_dtype"),
    }
    return {key: names for key, names in found.items() if names}


def graph_of(
    request: RenderRequest,
    template: Template,
    *,
    generation_id: str,
    number: int = 1,
    image: str | None = None,
) -> Graph:
    """Return the graph of an attempt; `image` is the name of its uploaded input.

    The prefix differs for each attempt, so that a cached run still writes a file of its own.
    """
    prefix = f"tower/{generation_id[:8]}_{number:02d}"
    return build.build(request, template=template, filename_prefix=prefix, image=image)


def with_sheet(source: Source, graph: Graph, catalog: Catalog) -> tuple[Graph, Mapping[str, Any]]:
    """Return the graph to run and the workflow that its outputs carry for ComfyUI to open.

    A file in UI format that can't hold the values is left out: the outputs carry the graph alone.
    """
    try:
        return source.with_values(graph, catalog)
    except BadInput as error:
        log.warning("the result opens in ComfyUI without the user's layout: %s", error)
        return graph, {}


def check(graph: Graph, renderer: Renderer) -> None:
    """Refuse a graph that the server would refuse; what it offers is asked anew before that."""
    if not preflight.problems(graph, renderer.catalog()):
        return
    problems = preflight.problems(graph, renderer.catalog(fresh=True))
    if problems:
        raise _error_of(problems)


def check_fit(brief: Brief, request: RenderRequest, template: Template) -> None:
    """Refuse a workflow that has no place for what the user asked, or that makes clips."""
    found = template.roles
    wanted = {*brief.parameters, *(("negative",) if brief.negative else ())}
    if found.samplers:
        wanted.add("prompt")
    missing = [name for name in build.unplaced(request, template) if name in wanted]
    if brief.image and "image" not in found.bound:
        missing.append("image")
    if brief.mask and not roles.reads_mask(template.graph):
        missing.append("mask")
    if missing:
        why = [f"{d.parameter}: {d.reason}" for d in found.ambiguous if d.parameter in missing]
        reasons = f" ({'; '.join(why)})" if why else ""
        raise InvalidGraph(
            f"this workflow has no single place for {', '.join(missing)}{reasons}; "
            f"it has one for {', '.join(found.bound) or 'nothing'}"
        )
    if makes_clips(template) is not (brief.kind is Kind.CLIP):
        makes, other = ("stills", "still") if brief.kind is Kind.CLIP else ("clips", "clip")
        raise InvalidGraph(f"this workflow makes {makes}; set `kind` to {other}")
    is_empty = any(value_at(template.graph, slot) == "" for slot in found.bound.get("image", ()))
    if is_empty and not brief.image:
        raise InvalidGraph("this workflow starts from a picture; name one as `image`")


def makes_clips(template: Template) -> bool:
    """Whether a workflow ends in a clip: it has a length or a rate for one."""
    bound = template.roles.bound
    lengths = [value_at(template.graph, slot) for slot in bound.get("frames", ())]
    is_long = any(isinstance(frames, int) and frames > 1 for frames in lengths)
    return is_long or "frame_rate" in bound


def main_file(files: Sequence[RenderedFile], graph: Graph) -> RenderedFile | None:
    """Return the result among a job's files: that of the output which most samplers lead to.

    A workflow may save pictures of its earlier stages as well.
    """
    found = roles.find(graph)

    def stages(file: RenderedFile) -> int:
        behind = upstream(graph, (file.node,)) if file.node in graph else ()
        return sum(sampler in behind for sampler in found.samplers)

    return max(files, key=stages, default=None)


def _error_of(problems: Sequence[preflight.Problem]) -> MissingNode | MissingModel | InvalidGraph:
    """Return the class of error that the first problem stands for; it says all of them."""
    text = "; ".join(dict.fromkeys(_worded(problem) for problem in problems))
    first = problems[0]
    if first.type == "missing_node_type":
        return MissingNode(text)
    if first.type == "value_not_in_list" and first.input not in ("sampler_name", "scheduler"):
        return MissingModel(text)
    return InvalidGraph(text)


def _worded(problem: preflight.Problem) -> str:
    return f"node {problem.node}: {problem.message}" if problem.node else problem.message
