"""Which input of a graph means what, found by following the links from its outputs.

Node ids and titles say nothing; only class types of outputs, names and types of inputs and links
count. What can't be decided is listed with its reason, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tower_anime.domain.graph import Catalog, Graph, input_spec, is_link
from tower_anime.graph.links import (
    Slot,
    as_it_runs,
    linked_as,
    links,
    literal,
    output_nodes,
    source_of,
    upstream,
    value_at,
)
from tower_anime.graph.prompts import texts


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
    nodes the graph runs for. `splits` are the step numbers at which one sampler hands over to
    the next: they keep their share when the steps change.
    """

    outputs: tuple[str, ...]
    samplers: tuple[str, ...]
    bound: Mapping[str, tuple[Slot, ...]]
    unbound: tuple[str, ...]
    ambiguous: tuple[Ambiguity, ...]
    splits: tuple[Slot, ...] = ()


_Path = tuple[str | None, tuple[str, ...]]

# Where each parameter of a sampler may stand: the kind of link to follow, then the input's names.
# KSampler and KSamplerAdvanced hold all themselves; SamplerCustom and SamplerCustomAdvanced
# have it behind their sigmas, sampler, noise and guider. Further names are those of custom nodes.
_STEPS = ("steps", "num_steps", "num_inference_steps")
_SEED = ("seed", "noise_seed")
_CFG = ("cfg", "cfg_scale", "guidance_scale")
_SCHEDULER = ("scheduler", "scheduler_name")
_DENOISE = ("denoise", "denoise_strength")
_SAMPLER_PATHS: dict[str, tuple[_Path, ...]] = {
    "steps": ((None, _STEPS), ("sigmas", _STEPS)),
    "cfg": ((None, _CFG), ("guider", _CFG)),
    "sampler": ((None, ("sampler_name",)), ("sampler", ("sampler_name",))),
    "scheduler": ((None, _SCHEDULER), ("sigmas", _SCHEDULER)),
    "denoise": ((None, _DENOISE), ("sigmas", _DENOISE)),
    "seed": ((None, _SEED), ("noise", _SEED)),
}
_MODEL_FILES = ("ckpt_name", "unet_name", "model_name", "model_path", "gguf_name")
_MODEL_SUFFIXES = (".safetensors", ".ckpt", ".gguf", ".sft", ".pt", ".pth", ".bin")
_LATENTS = ("latent_image", "samples", "latent", "latents")
_PIXELS = ("pixels", "image", "images")
_FRAMES = ("length", "video_frames", "num_frames", "frame_count", "frames")
_FRAME_RATES = ("fps", "frame_rate")
_MOTION = ("AnimateDiff", "ADE_")  # class names of the two common AnimateDiff node packs
_SIZE_FOLLOWERS = ("ModelSamplingFlux", "Flux2Scheduler")  # told the size a second time

PARAMETERS = (
    "prompt",
    "negative",
    *_SAMPLER_PATHS,
    "guidance",
    "checkpoint",
    "vae",
    "lora",
    "lora_strength",
    "width",
    "height",
    "batch",
    "frames",
    "frame_rate",
    "image",
    "filename_prefix",
)
"""The parameters that may be bound."""


def find(graph: Graph, catalog: Catalog | None = None) -> Roles:
    """Return what the graph's parameters are bound to; a catalog tells types for certain."""
    return _Finder(as_it_runs(graph, catalog), catalog).roles()


def reads_mask(graph: Graph) -> bool:
    """Whether a graph uses the mask that lies in an input picture's alpha."""
    runs = as_it_runs(graph)
    return any(
        runs[source]["class_type"] == "LoadImageMask"
        or (runs[source]["class_type"].startswith("LoadImage") and number == 1)
        for node in upstream(runs, output_nodes(runs))
        for _, source, number in links(runs, node)
    )


def has_motion_module(graph: Graph) -> bool:
    """Whether AnimateDiff makes a clip of this graph's batch."""
    return any(node["class_type"].startswith(_MOTION) for node in graph.values())


@dataclass
class _Finder:
    """One search through one graph."""

    graph: Graph
    catalog: Catalog | None
    bound: dict[str, tuple[Slot, ...]] = field(default_factory=dict)
    doubts: dict[str, Ambiguity] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    splits: tuple[Slot, ...] = ()

    def roles(self) -> Roles:
        self.outputs = output_nodes(self.graph, self.catalog)
        reached = upstream(self.graph, self.outputs)
        self.samplers = self._in_running_order([n for n in reached if self._samples(n)])
        self.bases = tuple(s for s in self.samplers if not self._earlier(s))
        for parameter, paths in _SAMPLER_PATHS.items():
            self._agree(parameter, {s: self._first(s, parameter, paths) for s in self.samplers})
        self._splits()
        denoise = tuple(dict.fromkeys(self.bound.get("denoise", ())))
        self.bound["denoise"] = denoise[: max(1, len(self.bases))]  # a later pass keeps its own
        self._prompts()
        self._models()
        self._sizes()
        self._loras()
        self._around(reached)
        return self._result()

    def _result(self) -> Roles:
        bound = {
            name: tuple(dict.fromkeys(self.bound[name]))
            for name in PARAMETERS
            if self.bound.get(name) and name not in self.doubts
        }
        return Roles(
            outputs=self.outputs,
            samplers=self.samplers,
            bound=bound,
            unbound=tuple(n for n in PARAMETERS if n not in bound and n not in self.doubts),
            ambiguous=tuple(self.doubts[name] for name in PARAMETERS if name in self.doubts),
            splits=self.splits,
        )

    def _doubt(self, parameter: str, candidates: Iterable[Slot], reason: str) -> None:
        self.doubts.setdefault(
            parameter, Ambiguity(parameter, tuple(dict.fromkeys(candidates)), reason)
        )

    # ---- samplers ----

    def _samples(self, node: str) -> bool:
        """Whether a node draws: it has seed and steps, or a latent and a condition or guider.

        A node that only passes a latent and its conditions on has no seed, and its latent is
        called otherwise than the samplers'.
        """
        inputs = self.graph[node]["inputs"]
        if inputs.keys() & set(_SEED) and inputs.keys() & set(_STEPS):
            return True
        if linked_as(self.graph, node, "guider", self.catalog):
            return any(
                linked_as(self.graph, node, n, self.catalog) for n in ("latent_image", "latent")
            )
        return is_link(inputs.get("latent_image")) and is_link(inputs.get("positive"))

    def _in_running_order(self, samplers: list[str]) -> tuple[str, ...]:
        """Order samplers by how many others they build upon; outputs' order where equal."""
        depth = {s: sum(o in upstream(self.graph, (s,)) for o in samplers) for s in samplers}
        return tuple(sorted(samplers, key=lambda sampler: depth[sampler]))

    def _earlier(self, sampler: str) -> bool:
        """Whether another sampler comes before this one."""
        before = upstream(self.graph, (sampler,))
        return any(other != sampler and other in before for other in self.samplers)

    def _first(self, sampler: str, parameter: str, paths: tuple[_Path, ...]) -> tuple[Slot, ...]:
        """Return the first of `paths` that ends at a literal, passing nodes like SplitSigmas."""
        for kind, names in paths:
            for link in linked_as(self.graph, sampler, kind, self.catalog) if kind else (None,):
                at = source_of(self.graph, sampler, link)
                for _ in range(len(self.graph)):
                    if at is None:
                        break
                    if slots := self._value(at, parameter, names):
                        return slots
                    onward = linked_as(self.graph, at, kind, self.catalog) if kind else ()
                    at = source_of(self.graph, at, onward[0]) if onward else None
        return ()

    def _value(self, node: str, parameter: str, names: Iterable[str]) -> tuple[Slot, ...]:
        """Return the literal behind one of the names; note a value that is computed."""
        for name in names:
            if slot := literal(self.graph, node, name, self.catalog):
                if not is_link(value_at(self.graph, slot)):
                    return (slot,)
            elif name in self.graph[node]["inputs"]:
                source = source_of(self.graph, node, name)
                if source is not None:
                    where = f"node {source} ({self.graph[source]['class_type']})"
                    self._doubt(parameter, [Slot(node, name)], f"its value is computed by {where}")
        return ()

    def _agree(self, parameter: str, slots: Mapping[str, tuple[Slot, ...]]) -> None:
        """Bind the base sampler's slots and those of later ones that hold the same value.

        A later sampler with a value of its own (a refinement pass) keeps it; several base
        samplers that differ leave the parameter open.
        """
        if not any(slots.values()):
            return
        base = next((slots[s] for s in (*self.bases, *self.samplers) if slots.get(s)), ())
        first = value_at(self.graph, base[0])
        differing = [
            slot
            for sampler in self.bases
            for slot in slots.get(sampler, ())[:1]
            if value_at(self.graph, slot) != first
        ]
        everything = [slot for found in slots.values() for slot in found]
        if differing and not (parameter == "seed" and self._draw_different_texts()):
            reason = f"{len(self.bases)} samplers start on their own, with different values"
            self._doubt(parameter, everything, reason)
            return
        same = (found for found in slots.values() if found and self._holds(found, first))
        self.doubts.pop(parameter, None)
        if differing:
            same = (found for sampler, found in slots.items() if sampler in self.bases)
        self.bound[parameter] = (*base, *(slot for found in same for slot in found))

    def _draw_different_texts(self) -> bool:
        """Whether each base sampler draws a text of its own, so that one seed can do for all.

        Where two draw the same text, the seed is what makes their pictures differ.
        """
        said = [
            tuple(str(value_at(self.graph, slot)) for slot in found.slots)
            for found in (texts(self.graph, s, "prompt", self.catalog) for s in self.bases)
            if not found.reason
        ]
        return len(set(said)) == len(self.bases)

    def _holds(self, slots: tuple[Slot, ...], value: object) -> bool:
        return all(value_at(self.graph, slot) == value for slot in slots)

    def _splits(self) -> None:
        """Note where steps are divided among samplers; they move with the steps.

        A part that counts its steps otherwise leaves the steps open.
        """
        steps = self.bound.get("steps", ())
        parts = [sampler for sampler in self.samplers if self._is_part(sampler)]
        ends = [s for part in parts for s in self._literals(part, ("start_at_step", "end_at_step"))]
        for node in upstream(self.graph, self.samplers):
            if self.graph[node]["class_type"] == "SplitSigmas":
                ends += self._literals(node, ("step",))
        total = value_at(self.graph, steps[0]) if steps else 0
        self.splits = tuple(
            slot
            for slot in dict.fromkeys(ends)
            if slot not in steps and _is_between(value_at(self.graph, slot), total)
        )
        own = [self._literals(part, _STEPS) for part in parts]
        if any(not slots or slots[0] not in steps for slots in own):
            self.bound.pop("steps", None)
            reason = "the steps are split among samplers that count them differently"
            self._doubt("steps", [slot for slots in own for slot in slots], reason)

    def _is_part(self, sampler: str) -> bool:
        """Whether a sampler runs only some of its steps."""
        found = (literal(self.graph, sampler, n) for n in ("steps", "start_at_step", "end_at_step"))
        steps, start, end = (value_at(self.graph, slot) if slot else None for slot in found)
        return (isinstance(start, int) and start > 0) or (
            isinstance(end, int) and isinstance(steps, int) and end < steps
        )

    # ---- prompts ----

    def _prompts(self) -> None:
        """Bind the texts behind the positive and the negative side, without shared ones."""
        sides = {
            parameter: {s: texts(self.graph, s, parameter, self.catalog) for s in self.samplers}
            for parameter in ("prompt", "negative")
        }
        positive = {slot for found in sides["prompt"].values() for slot in found.slots}
        for parameter, found in sides.items():
            for base in self.bases:
                if found[base].reason:
                    self._doubt(parameter, found[base].slots, found[base].reason)
            if parameter in self.doubts:
                continue
            own = {
                sampler: tuple(s for s in text.slots if parameter == "prompt" or s not in positive)
                for sampler, text in found.items()
                if not text.reason
            }
            self._agree(parameter, own)
        self._guidance()

    def _guidance(self) -> None:
        """Bind the strength that guidance-distilled models take as an input."""
        per_sampler = {
            sampler: tuple(
                slot
                for node in upstream(self.graph, (sampler,))
                if "Guidance" in self.graph[node]["class_type"]
                or "t5xxl" in self.graph[node]["inputs"]
                for slot in [literal(self.graph, node, "guidance", self.catalog)]
                if slot
            )
            for sampler in self.samplers
        }
        self._agree("guidance", per_sampler)

    # ---- models ----

    def _models(self) -> None:
        """Bind the model file that all samplers share; two experts leave it open."""
        found = {s: self._climb(s) for s in self.samplers}
        slots = list(dict.fromkeys(slot for each in found.values() for slot in each))
        if any(value_at(self.graph, slot) != value_at(self.graph, slots[0]) for slot in slots):
            self._doubt("checkpoint", slots, "samplers use different model files")
        elif slots:
            self.bound["checkpoint"] = tuple(slots)

    def _climb(self, sampler: str) -> tuple[Slot, ...]:
        """Follow the model's chain of links (LoRAs, patches) to the node that loads the file."""
        for node in self._model_path(sampler):
            for name in _MODEL_FILES:
                if slot := literal(self.graph, node, name, self.catalog):
                    return (slot,)
            if linked_as(self.graph, node, "model", self.catalog):
                continue
            files = [
                slot
                for name in self.graph[node]["inputs"]
                if (slot := literal(self.graph, node, name, self.catalog))
                and str(value_at(self.graph, slot)).endswith(_MODEL_SUFFIXES)
            ]
            if len(files) == 1:
                return (files[0],)
        return ()

    def _model_path(self, sampler: str) -> tuple[str, ...]:
        """Return the nodes that the model passes on its way to a sampler, nearest first."""
        guiders = linked_as(self.graph, sampler, "guider", self.catalog)
        at = source_of(self.graph, sampler, guiders[0]) if guiders else sampler
        path: dict[str, None] = {}
        while at is not None:
            onward = linked_as(self.graph, at, "model", self.catalog)
            at = source_of(self.graph, at, onward[0]) if onward else None
            if at is None or at in path:
                break
            path[at] = None
        return tuple(path)

    def _loras(self) -> None:
        """Bind the one LoRA of the model's path; several leave it open."""
        nodes = dict.fromkeys(n for s in self.samplers for n in self._model_path(s))
        found = [n for n in nodes if literal(self.graph, n, "lora_name", self.catalog)]
        for parameter, name in (("lora", "lora_name"), ("lora_strength", "strength_model")):
            slots = [s for n in found if (s := literal(self.graph, n, name, self.catalog))]
            if len(found) > 1:
                self._doubt(parameter, slots, f"{len(found)} LoRAs are applied")
            else:
                self.bound[parameter] = tuple(slots)

    # ---- size, length ----

    def _sizes(self) -> None:
        """Bind size, batch and length of the latents that the base samplers start from."""
        origins = {base: self._origin(base) for base in self.bases}
        for parameter, names in (
            ("width", ("width",)),
            ("height", ("height",)),
            ("batch", ("batch_size",)),
            ("frames", _FRAMES),
        ):
            slots = {
                base: self._value(node, parameter, names) if node else ()
                for base, node in origins.items()
            }
            self._agree(parameter, slots)
        if has_motion_module(self.graph) and not self.bound.get("frames"):
            self.bound["frames"] = self.bound.pop("batch", ())
        self._size_followers()

    def _origin(self, sampler: str) -> str | None:
        """Return the node that gives a sampler's latent its size, None if a picture does.

        It is an empty latent, a node that makes conditions and latent together, or the scaling
        of a picture before it is encoded.
        """
        named = (*_LATENTS, *linked_as(self.graph, sampler, "latent", self.catalog))
        at = next((s for n in named if (s := source_of(self.graph, sampler, n))), None)
        for _ in range(len(self.graph)):
            if at is None:
                return None
            onward = next((s for n in _LATENTS if (s := source_of(self.graph, at, n))), None)
            sized = {"width", "height"} <= self.graph[at]["inputs"].keys()
            if onward is None and sized:
                return at
            at = onward or next((s for n in _PIXELS if (s := source_of(self.graph, at, n))), None)
        return None

    def _size_followers(self) -> None:
        """Add the nodes that are told the size a second time, where it is the same."""
        for node in upstream(self.graph, self.samplers):
            if self.graph[node]["class_type"] not in _SIZE_FOLLOWERS:
                continue
            for side in ("width", "height"):
                slot = literal(self.graph, node, side, self.catalog)
                main = self.bound.get(side, ())
                if slot and main and value_at(self.graph, slot) == value_at(self.graph, main[0]):
                    self.bound[side] = (*main, slot)

    # ---- around the samplers ----

    def _around(self, reached: tuple[str, ...]) -> None:
        """Bind what belongs to the whole graph: rates, VAE, input picture, names of files."""
        rates = [s for n in reached for s in self._literals(n, _FRAME_RATES)]
        self.bound["frame_rate"] = tuple(
            slot for slot in rates if value_at(self.graph, slot) == value_at(self.graph, rates[0])
        )
        self.bound["filename_prefix"] = tuple(
            s for n in self.outputs for s in self._literals(n, ("filename_prefix",))
        )
        self._single("vae", [s for n in reached for s in self._literals(n, ("vae_name",))], "VAEs")
        pictures = [s for n in reached for s in self._literals(n, ("image",)) if self._is_file(s)]
        self._single("image", pictures, "input pictures")

    def _literals(self, node: str, names: Iterable[str]) -> list[Slot]:
        return [s for name in names if (s := literal(self.graph, node, name, self.catalog))]

    def _is_file(self, slot: Slot) -> bool:
        """Whether a slot names an input picture: the class loads one, or the catalog says so."""
        class_type = self.graph[slot.node]["class_type"]
        spec = input_spec(self.catalog or {}, class_type, slot.input)
        options = spec[1] if isinstance(spec, list) and len(spec) > 1 else {}
        return class_type.startswith("LoadImage") or bool(options.get("image_upload"))

    def _single(self, parameter: str, slots: list[Slot], what: str) -> None:
        """Bind slots that all hold one value; several values leave the parameter open."""
        if len({str(value_at(self.graph, slot)) for slot in slots}) > 1:
            self._doubt(parameter, slots, f"there are several {what}")
        else:
            self.bound[parameter] = tuple(slots)


def _is_between(value: object, total: object) -> bool:
    return isinstance(value, int) and isinstance(total, int | float) and 0 < value < total
