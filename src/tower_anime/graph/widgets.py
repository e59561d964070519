"""Which widgets ComfyUI's frontend gives a node, and which of a file's values belong to which.

A file lists values by position. What stands where follows from the catalog: widgets in the order
of its inputs, extra ones (control after generate) behind theirs, the inputs of the option that a
dynamic combo is set to right after it. Newer files name their values besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tower_anime.domain.graph import Catalog, stated_choices
from tower_anime.graph.ui import UiNode


class _Absent:
    """The type of `ABSENT`."""


ABSENT: Final = _Absent()
"""A widget that has no value and no default: its input is left out."""


@dataclass(frozen=True)
class Widget:
    """One widget: the input that it sets, and where the file holds its value.

    `key` is a position in the node's values, or a name where they are read by name; None if the
    file holds none, and the frontend always sends the same.
    """

    name: str
    kind: str
    value: Any
    key: int | str | None
    required: bool = True

    @property
    def foreign(self) -> bool:
        """Whether an optional number holds something else: a value of another node version."""
        if self.required or self.kind not in ("INT", "FLOAT"):
            return False
        try:
            float(self.value)
        except (TypeError, ValueError):
            return True
        return False


CUSTOM_COMBO = "CustomCombo"
"""The class whose choices the user writes into the node."""

CONTROL_WORDS = frozenset({"fixed", "increment", "decrement", "randomize", "increment-wrap"})
"""What the widget behind a seed may say."""

# Types of inputs that get a widget, as the frontend of ComfyUI 0.33 (1.58) has them; read off its
# map of widget constructors and checked against the named values of the official templates.
_WIDGET_TYPES = frozenset(
    (
        "INT",
        "FLOAT",
        "BOOLEAN",
        "STRING",
        "COMBO",
        "MARKDOWN",
        "TEXTAREA",
        "COLOR",
        "COLORS",
        "CURVE",
        "RANGE",
        "CHART",
        "GALLERIA",
        "BOUNDING_BOX",
        "BOUNDING_BOXES",
        "PAINTER",
        "COMPOSITOR",
        "VIDEO_EDIT",
        "LOAD_3D",
        "AUDIO_RECORD",
        "WEBCAM",
        "COMFY_DYNAMICCOMBO_V3",
    )
)
_ALWAYS_THE_SAME: Mapping[str, Any] = {"IMAGECOMPARE": ["", ""]}
"""Types whose widget is not saved, with what the frontend sends for it."""

_SEEDS = ("seed", "noise_seed")
_BOX = ("x", "y", "width", "height")
_PLAIN_DEFAULTS: Mapping[str, Any] = {
    "INT": 0,
    "FLOAT": 0,
    "BOOLEAN": False,
    "STRING": "",
    "COLOR": "#000000",
}


def widgets_of(node: UiNode, catalog: Catalog) -> tuple[Widget, ...]:
    """Return the widgets of a node with the values that its file gives them.

    Positions count as in the frontend, unless the names that the file has beside them show that
    it was saved with other widgets than the catalog's; then the names count. Of a class that the
    catalog lacks only named values are known.
    """
    definition = catalog.get(node.type)
    if definition is None:
        named = node.named or {}
        return tuple(Widget(name, "STRING", value, name) for name, value in named.items())
    by_position = _Positions(node.values, _places(node.values, definition))
    found = tuple(_filled(definition, by_position))
    if node.named is not None and not (node.values and _same_places(by_position.names, node.named)):
        found = tuple(_filled(definition, _Names(node.named)))
    return (*found, *_own_options(node)) if node.type == CUSTOM_COMBO else found


def index_of_choice(inputs: Mapping[str, Any]) -> int:
    """Return what the frontend sends as a custom combo's index: the number of its option, or -1."""
    options = [value for name, value in inputs.items() if name.startswith("option")]
    return options.index(inputs["choice"]) if inputs.get("choice") in options else -1


def _own_options(node: UiNode) -> Iterator[Widget]:
    """Yield the options that the user gave a custom combo; its index stands before them."""
    if not node.values:
        for name, value in (node.named or {}).items():
            if name.startswith("option"):
                yield Widget(name, "STRING", value, name)
        return
    first = 2 if len(node.values) > 1 and isinstance(node.values[1], int) else 1
    for number, value in enumerate(node.values[first:]):
        yield Widget(f"option{number + 1}", "STRING", value, first + number)


def _is_control(value: object) -> bool:
    return isinstance(value, str) and value in CONTROL_WORDS


def has_control(name: str, spec: Any) -> bool:
    """Whether the frontend puts a control-after-generate behind an input's widget."""
    return bool(spec and _options(spec).get("control_after_generate")) or name in _SEEDS


def is_widget(spec: Any) -> bool:
    """Whether an input of this specification gets a widget."""
    return _kind(spec) in _WIDGET_TYPES and not _options(spec).get("forceInput")


@dataclass
class _Positions:
    """Takes values one after the other; `names` says what stood at each place."""

    values: Sequence[Any]
    places: Sequence[int]
    names: list[str] = field(default_factory=list)
    at: int = 0

    def take(self, name: str, spec: Any) -> tuple[Any, int | str]:
        if self._is_stray_control(spec):
            self._pass("control_after_generate")
        inside = self.at < len(self.places)
        key = self.places[self.at] if inside else len(self.values) + self.at - len(self.places)
        value = self.values[key] if inside else _default(spec)
        self._pass(name)
        self._extras(name, spec)
        return value, key

    def _pass(self, name: str) -> None:
        self.names.append(name)
        self.at += 1

    def _next(self) -> Any:
        return self.values[self.places[self.at]] if self.at < len(self.places) else ABSENT

    def _is_stray_control(self, spec: Any) -> bool:
        """Whether a control stands here that this catalog gives no widget for."""
        value = self._next()
        if not _is_control(value):
            return False
        return _kind(spec) != "STRING" and value not in (stated_choices(spec) or ())

    def _extras(self, name: str, spec: Any) -> None:
        """Pass the places of the widgets that the frontend adds and never sends."""
        kind = _kind(spec)
        if kind == "BOUNDING_BOX":
            for side in _BOX:
                self._pass(side)
            return
        if not has_control(name, spec):
            return
        # Files of the first months have a truth value there; generated ones may lack it.
        control = self._next()
        if control is None or isinstance(control, bool) or _is_control(control):
            self._pass("control_after_generate")
            if kind == "COMBO" and isinstance(self._next(), str):
                self._pass("control_filter_list")


@dataclass
class _Names:
    """Takes values by their names."""

    values: Mapping[str, Any]

    def take(self, name: str, spec: Any) -> tuple[Any, int | str]:
        return self.values.get(name, _default(spec)), name


def _filled(definition: Mapping[str, Any], source: _Positions | _Names) -> Iterator[Widget]:
    sections = definition.get("input", {})
    return _section(sections, definition.get("input_order") or {}, "", source)


def _section(
    sections: Mapping[str, Any],
    order: Mapping[str, Iterable[str]],
    prefix: str,
    source: _Positions | _Names,
) -> Iterator[Widget]:
    """Yield the widgets of a node or of a dynamic combo's option, in the frontend's order."""
    for section in ("required", "optional"):
        specs = sections.get(section) or {}
        listed = [name for name in order.get(section, ()) if name in specs]
        for name in dict.fromkeys((*listed, *specs)):
            if (kind := _kind(specs[name])) in _ALWAYS_THE_SAME:
                yield Widget(prefix + name, kind, _ALWAYS_THE_SAME[kind], None)
            if not is_widget(specs[name]):
                continue
            value, key = source.take(prefix + name, specs[name])
            yield Widget(prefix + name, kind, value, key, required=section == "required")
            for option in _chosen(specs[name], value):
                yield from _section(option, {}, f"{prefix}{name}.", source)


def _chosen(spec: Any, value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the inputs of the option that a dynamic combo is set to."""
    if _kind(spec) != "COMFY_DYNAMICCOMBO_V3":
        return
    for option in _options(spec).get("options") or ():
        if option.get("key") == value:
            yield option.get("inputs") or {}


def _same_places(names: Sequence[str], named: Mapping[str, Any]) -> bool:
    """Whether the inputs stand where the file's own names have them.

    Controls have several names, and what comes after the last input is no input.
    """
    theirs = list(named)
    unique = list(dict.fromkeys(names))
    return all(
        name == "control_after_generate" or (i < len(theirs) and theirs[i] == name)
        for i, name in enumerate(unique)
    )


def _places(values: Sequence[Any], definition: Mapping[str, Any]) -> Sequence[int]:
    """Return the places of values in use: not those of inputs that had a widget once.

    Inputs that only take links now lose theirs, as in the frontend only if the number of values
    says that theirs are among them.
    """
    forced = []
    for section in ("required", "optional"):
        for name, spec in (definition.get("input", {}).get(section) or {}).items():
            only_links = bool(_options(spec).get("forceInput"))
            if not only_links and _kind(spec) not in _WIDGET_TYPES:
                continue
            forced.append(only_links)
            if _options(spec).get("control_after_generate") or name in _SEEDS:
                forced.append(False)
    if not any(forced) or len(forced) != len(values):
        return range(len(values))
    return [place for place, drop in enumerate(forced) if not drop]


def _kind(spec: Any) -> str:
    """Return the type that decides about the widget; a list of choices is a COMBO."""
    if isinstance(spec[0], list):
        return "COMBO"
    return str(_options(spec).get("widgetType") or spec[0])


def _options(spec: Any) -> Mapping[str, Any]:
    return spec[1] if len(spec) > 1 and isinstance(spec[1], Mapping) else {}


def _default(spec: Any) -> Any:
    """Return the value of a widget that a file has none for."""
    if "default" in _options(spec):
        return _options(spec)["default"]
    if choices := stated_choices(spec):
        return spec[0][0] if isinstance(spec[0], list) else choices[0]
    return _PLAIN_DEFAULTS.get(_kind(spec), ABSENT)
