"""Checks a prompt as ComfyUI 0.33 does and words the refusals as it words them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tower_anime.sandbox.catalog import READS_FILES, Catalog
from tower_anime.sandbox.folders import Folders, Outside

Json = dict[str, Any]
_Verdict = tuple[bool, list[Json]]


class ServerTrouble(Exception):
    """A request on which ComfyUI itself stumbles: 500, not a refusal."""


@dataclass(frozen=True)
class Checked:
    """The outcome. `outputs` are the nodes to run; `error` None means accepted."""

    error: Json | None
    outputs: list[str] = field(default_factory=list)
    node_errors: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Validator:
    """Validates prompts against a catalog and the uploaded images."""

    catalog: Catalog
    folders: Folders

    def check(self, prompt: Any, targets: Collection[str] | None = None) -> Checked:
        """Check a whole prompt; numbers in it are coerced in place.

        Raises:
            ServerTrouble: `prompt` is no graph in API format at all.
        """
        if not isinstance(prompt, dict):
            raise ServerTrouble
        outputs = []
        for node_id, node in prompt.items():
            error = self._class_error(node_id, node)
            if error is not None:
                return Checked(error)
            chosen = targets is None or node_id in targets
            if self.catalog.is_output(node["class_type"]) and chosen:
                outputs.append(node_id)
        if not outputs:
            return Checked(_error("prompt_no_outputs", "Prompt has no outputs"))
        return self._check_outputs(prompt, outputs)

    def _class_error(self, node_id: str, node: Any) -> Json | None:
        if not isinstance(node, dict):
            raise ServerTrouble
        class_type = node.get("class_type")
        title = node.get("_meta", {}).get("title")
        where = f"Node ID '#{node_id}'"
        if "class_type" not in node:
            message = (
                f"Node '{title or f'ID #{node_id}'}' has no class_type. The workflow may be"
                " corrupted or a custom node is missing."
            )
        elif not isinstance(class_type, str):
            raise ServerTrouble
        elif class_type in self.catalog:
            return None
        else:
            title = title or class_type
            message = f"Node '{title}' not found. The custom node may not be installed."
        extra = {"node_id": node_id, "class_type": class_type, "node_title": title}
        return _error("missing_node_type", message, where, extra)

    def _check_outputs(self, prompt: Mapping[str, Json], outputs: list[str]) -> Checked:
        good: list[str] = []
        own: list[str] = []
        node_errors: Json = {}
        walk = _Walk(self, prompt)
        for output in outputs:
            valid, reasons = walk.output(output)
            if valid:
                good.append(output)
                continue
            own += [f"{reason['message']}: {reason['details']}" for reason in reasons]
            for node_id, (node_valid, node_reasons) in walk.verdicts.items():
                if node_valid or not node_reasons:
                    continue
                entry = node_errors.setdefault(
                    node_id,
                    {
                        "errors": node_reasons,
                        "dependent_outputs": [],
                        "class_type": prompt[node_id]["class_type"],
                    },
                )
                entry["dependent_outputs"].append(output)
        if good:
            return Checked(None, good, node_errors)
        error = _error(
            "prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(own)
        )
        return Checked(error, [], node_errors)

    def file_problem(self, class_type: str, name: object) -> str | None:
        """Return the node's own complaint about its file, None if the file is there."""
        try:
            there = isinstance(name, str) and self.folders.annotated(name).is_file()
        except Outside:
            there = False
        return None if there else f"Invalid {READS_FILES[class_type]} file: {name}"


class _Walk:
    """One walk from the outputs to the roots; every node is judged once."""

    def __init__(self, validator: Validator, prompt: Mapping[str, Json]) -> None:
        self.catalog = validator.catalog
        self.file_problem = validator.file_problem
        self.prompt = prompt
        self.verdicts: dict[str, _Verdict] = {}
        self._path: list[str] = []

    def output(self, node_id: str) -> _Verdict:
        try:
            return self._node(node_id)
        except (LookupError, TypeError) as stumble:
            reason = _stumble(
                "exception_during_validation", "Exception when validating node", stumble, {}
            )
            self.verdicts[node_id] = (False, [reason])
            return self.verdicts[node_id]
        finally:
            self._path.clear()

    def _node(self, node_id: str) -> _Verdict:
        if node_id in self.verdicts:
            return self.verdicts[node_id]
        if node_id in self._path:
            return self._cycle(node_id)
        self._path.append(node_id)
        inputs = self.prompt[node_id]["inputs"]
        class_type = self.prompt[node_id]["class_type"]
        errors: list[Json] = []
        valid = True
        for name, category, kind, options in self.catalog.inputs(class_type):
            if name not in inputs:
                if category == "required":
                    errors.append(
                        _error(
                            "required_input_missing",
                            "Required input is missing",
                            name,
                            {"input_name": name},
                        )
                    )
                continue
            config = [kind, options]
            if isinstance(inputs[name], list):
                problem, upstream = self._link(name, config, inputs[name])
                valid = valid and upstream
            else:
                problem = self._value(class_type, name, config, inputs)
            errors += [problem] if problem else []
        self._path.pop()
        # a node on a cycle keeps the verdict that the cycle gave it
        return self.verdicts.setdefault(node_id, (valid and not errors, errors))

    def _cycle(self, node_id: str) -> _Verdict:
        path = [*self._path[self._path.index(node_id) :], node_id]
        nodes = list(dict.fromkeys(path))
        text = " -> ".join(f"{node} ({self.prompt[node]['class_type']})" for node in path)
        for node in nodes:
            extra = {"node_id": node, "cycle_nodes": nodes}
            self.verdicts[node] = (
                False,
                [_error("dependency_cycle", "Dependency cycle detected", text, extra)],
            )
        return self.verdicts[node_id]

    def _link(self, name: str, config: list[Any], link: list[Any]) -> tuple[Json | None, bool]:
        """Return the link's own problem and whether everything above it is fine."""
        about = {"input_name": name, "input_config": config}
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return _error("bad_linked_input", message, name, about | {"received_value": link}), True
        source = link[0]
        received = tuple(self.catalog.node(self.prompt[source]["class_type"])["output"])[link[1]]
        if not _fits(received, config[0]):
            details = f"{name}, received_type({received}) mismatch input_type({config[0]})"
            extra = about | {"received_type": received, "linked_node": link}
            message = "Return type mismatch between linked nodes"
            return _error("return_type_mismatch", message, details, extra), True
        depth = len(self._path)
        try:
            return None, self._node(source)[0]
        except (LookupError, TypeError) as stumble:
            del self._path[depth:]
            reason = _stumble(
                "exception_during_inner_validation",
                "Exception when validating inner node",
                stumble,
                about,
                {"linked_node": link},
            )
            self.verdicts[source] = (False, [reason])
            return None, False

    def _value(self, class_type: str, name: str, config: list[Any], inputs: Json) -> Json | None:
        kind, options = config
        value = inputs[name]
        about = {"input_name": name, "input_config": config}
        convert = _CONVERT.get(kind) if isinstance(kind, str) else None
        if convert:
            try:
                value = inputs[name] = convert(value)
            except (ValueError, TypeError, OverflowError) as wrong:
                message = f"Failed to convert an input value to a {kind} value"
                extra = about | {"received_value": value, "exception_message": str(wrong)}
                return _error("invalid_input_type", message, f"{name}, {value}, {wrong}", extra)
        if class_type in READS_FILES:
            complaint = self.file_problem(class_type, value)
            if complaint is None:
                return None
            return _error(
                "custom_validation_failed",
                "Custom validation failed for node",
                f"{name} - {complaint}",
                {"input_name": name},
            )
        about["received_value"] = value
        if "min" in options and value < options["min"]:
            message = f"Value {value} smaller than min of {options['min']}"
            return _error("value_smaller_than_min", message, name, about)
        if "max" in options and value > options["max"]:
            message = f"Value {value} bigger than max of {options['max']}"
            return _error("value_bigger_than_max", message, name, about)
        return _choice_error(name, value, config, about)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "INT": int,
    "FLOAT": float,
    "STRING": str,
    "BOOLEAN": bool,
}
_LONG_LIST = 20
"""From more choices than that on ComfyUI leaves the list out of its answer."""


def _choice_error(name: str, value: object, config: list[Any], about: Json) -> Json | None:
    kind, options = config
    choices = kind if isinstance(kind, list) else options["options"] if kind == "COMBO" else None
    if choices is None or value in choices:
        return None
    long = len(choices) > _LONG_LIST
    listed = f"(list of length {len(choices)})" if long else str(choices)
    extra = about | {"input_config": None if long else config}
    return _error(
        "value_not_in_list", "Value not in list", f"{name}: '{value}' not in {listed}", extra
    )


def _fits(received: object, wanted: object) -> bool:
    if received == wanted or {"*", "COMFY_MATCHTYPE_V3"} & {str(received), str(wanted)}:
        return True
    return bool(set(str(received).split(",")) & set(str(wanted).split(",")))


def _error(kind: str, message: str, details: str = "", extra: Json | None = None) -> Json:
    return {"type": kind, "message": message, "details": details, "extra_info": extra or {}}


def _stumble(
    kind: str, message: str, stumble: Exception, about: Json, more: Json | None = None
) -> Json:
    extra = about | {
        "exception_message": str(stumble),
        "exception_type": type(stumble).__name__,
        "traceback": ["the sandbox keeps its traceback\n"],
    }
    return _error(kind, message, str(stumble), extra | (more or {}))
