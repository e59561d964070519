"""Which texts stand behind the two sides of a sampler."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tower_anime.domain.graph import Catalog, Graph, input_spec, is_link
from tower_anime.graph.links import Slot, input_type, linked_as, source_of, value_at
from tower_anime.graph.words import text_at, words

# Inputs of text encoders; those of one encoder hold one prompt and are set together.
_TEXTS = ("text", "text_g", "text_l", "clip_l", "clip_g", "t5xxl", "prompt")
_SIDES = {"prompt": "positive", "negative": "negative"}
_PASSED_ON = ("conditioning", "cond")  # how inputs begin that take a condition from elsewhere


@dataclass(frozen=True)
class Texts:
    """The slots that hold one side's text; a `reason` says why they are only candidates.

    `through` is the side as which a node with both sides passed it on, if one did.
    """

    slots: tuple[Slot, ...] = ()
    reason: str = ""
    through: str | None = None

    def __bool__(self) -> bool:
        return bool(self.slots)


def texts(graph: Graph, sampler: str, parameter: str, catalog: Catalog | None) -> Texts:
    """Return what stands behind one side (`prompt` or `negative`) of a sampler."""
    side = _SIDES[parameter]
    guiders = linked_as(graph, sampler, "guider", catalog)
    at = source_of(graph, sampler, guiders[0]) if guiders else sampler
    if at is None:
        return Texts()
    inputs = graph[at]["inputs"]
    names = [n for n in inputs if n.startswith(_PASSED_ON)]
    conditions = [_behind(graph, at, name, side, catalog) for name in names]
    if is_link(inputs.get(side)):
        turned = [each for each in conditions if each.through == "negative"]
        return _merged(turned) or _behind(graph, at, side, side, catalog)
    if side == "negative":
        return _of_custom(graph, at, side, catalog)
    against = _behind(graph, at, "negative", "negative", catalog)
    return _merged(_affirmed(conditions, against)) or _of_custom(graph, at, side, catalog)


def _affirmed(conditions: list[Texts], against: Texts) -> list[Texts]:
    """Return the texts among a guider's two conditions that are no negative ones.

    Dual guidance weighs prompt and picture against the picture alone: its second condition is
    the negative text once more, with the picture.
    """
    said = [each for each in conditions if each and each.through != "negative"]
    if len({each.slots for each in said}) > 1:
        said = [each for each in said if each.slots != against.slots]
    return said


def _behind(
    graph: Graph,
    node: str,
    name: str,
    side: str,
    catalog: Catalog | None,
    seen: frozenset[str] = frozenset(),
) -> Texts:
    """Return the texts behind a conditioning input.

    A node with both sides (ControlNet, inpainting, image-to-video) gives positive as output 0
    and negative as output 1. A zeroed-out condition has no text that matters.
    """
    value = graph[node]["inputs"].get(name)
    if not is_link(value) or value[0] not in graph or value[0] in seen:
        return Texts()
    source, number = value
    inputs = graph[source]["inputs"]
    if graph[source]["class_type"] == "ConditioningZeroOut":
        return Texts()
    if found := _own_texts(graph, source, side, catalog):
        return found
    seen |= {source}
    if "positive" in inputs and "negative" in inputs:
        passed = _side_of(graph[source]["class_type"], number, catalog)
        if passed is None:
            return Texts()
        found = _behind(graph, source, passed, side, catalog, seen)
        return replace(found, through=passed)
    passed_on = [
        n
        for n, value in inputs.items()
        if is_link(value)
        and (n.startswith(_PASSED_ON) or input_type(graph, source, n, catalog) == "CONDITIONING")
    ]
    return _merged([_behind(graph, source, n, side, catalog, seen) for n in passed_on])


def _side_of(class_type: str, number: int, catalog: Catalog | None) -> str | None:
    """Return which side an output of a node with both sides is; the catalog tells their order."""
    given = (catalog or {}).get(class_type, {}).get("output_name") or []
    names = [str(name).casefold() for name in given]
    if not {"positive", "negative"} <= set(names):
        names = ["positive", "negative"]
    side = names[number] if number < len(names) else ""
    return side if side in ("positive", "negative") else None


def _merged(found: list[Texts]) -> Texts:
    """Join what several branches have: one text is it, several are only candidates."""
    with_text = [each for each in found if each]
    if len({each.slots for each in with_text}) <= 1:
        return with_text[0] if with_text else Texts()
    slots = tuple(dict.fromkeys(slot for each in with_text for slot in each.slots))
    return Texts(slots, f"the condition is made of {len(with_text)} texts")


def _own_texts(graph: Graph, node: str, side: str, catalog: Catalog | None) -> Texts:
    """Return the texts that a node itself encodes."""
    known = [name for name in _TEXTS if name in graph[node]["inputs"]]
    slots = [s for name in known if (s := text_at(graph, node, name, catalog))]
    if slots:
        return Texts(tuple(slots))
    for name in known:
        source = source_of(graph, node, name)
        if source is None:
            continue
        found = words(graph, node, name, catalog)
        if len(found) == 1 and not is_link(value_at(graph, found[0])):
            return Texts(found)
        where = f"node {source} ({graph[source]['class_type']})"
        made_of = f" of {len(found)} texts" if len(found) > 1 else ""
        reason = f"the text is put together by {where}{made_of}"
        return Texts(found or (Slot(node, name),), reason)
    return _of_custom(graph, node, side, catalog)


def _of_custom(graph: Graph, node: str, side: str, catalog: Catalog | None) -> Texts:
    """Return the text of a class we don't know: what the catalog says are long texts.

    Of two, the one whose name says its side. Also looked for behind a link named for texts
    (`text_embeds`), which is how some node packs pass both sides at once.
    """
    slots = _long_texts(graph, node, catalog)
    if not slots:
        for name in graph[node]["inputs"]:
            source = source_of(graph, node, name) if "embed" in name or "text" in name else None
            slots = slots or (_long_texts(graph, source, catalog) if source else [])
    said = [slot for slot in slots if side in slot.input]
    other = "negative" if side == "positive" else "positive"
    unsaid = [slot for slot in slots if side not in slot.input and other not in slot.input]
    if said or side == "negative":
        return Texts(tuple(said[:1]))
    if len(unsaid) > 1:
        return Texts(tuple(unsaid), "the node has several texts")
    return Texts(tuple(unsaid))


def _long_texts(graph: Graph, node: str, catalog: Catalog | None) -> list[Slot]:
    return [
        slot
        for name in graph[node]["inputs"]
        if _is_long(input_spec(catalog or {}, graph[node]["class_type"], name))
        and (slot := text_at(graph, node, name, catalog))
    ]


def _is_long(spec: object) -> bool:
    if not isinstance(spec, list) or len(spec) < 2 or spec[0] != "STRING":
        return False
    return isinstance(spec[1], dict) and bool(spec[1].get("multiline"))
