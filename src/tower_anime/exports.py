"""Outcomes as JSON Lines, to hand them to another machine; what comes from there is checked."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, TypeVar

from tower_anime.domain.correction import Correction
from tower_anime.domain.knowledge import Outcome
from tower_anime.domain.legacy import plain
from tower_anime.domain.request import RenderRequest, check_request
from tower_anime.errors import BadInput

T = TypeVar("T")

_SHAPE = "a line is one JSON object, as `learning export` writes them"
_KINDS: Mapping[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
}


def exported(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield every outcome as a line of JSON."""
    for outcome in outcomes:
        yield json.dumps(asdict(outcome), ensure_ascii=False) + "\n"


def outcomes_of(text: str, name: str) -> Iterator[Outcome]:
    """Yield the outcomes of an exported text; raises `BadInput` with the line of what is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield _outcome(plain(json.loads(line)))
        except json.JSONDecodeError as error:
            why = f"{_SHAPE} ({error.msg})"
        except (ValueError, TypeError, RecursionError, BadInput) as error:
            why = str(error)
        else:
            continue
        raise BadInput(f"{name}, line {number}: this is no outcome: {why}")


def _outcome(data: object) -> Outcome:
    """Return an outcome from its JSON; raises for what is none."""
    if not isinstance(data, dict):
        raise BadInput(_SHAPE)
    _check_names(data, Outcome, "an outcome")
    score = _number(data, "score")
    if not 0 <= score <= 1:
        raise BadInput(f"score is a number from 0 to 1, not {score!r}")
    number = _as(int, data, "number")
    if number < 1:
        raise BadInput(f"number is 1 or more, not {number}")
    names = ("generation_id", "backend", "family")
    if not all(_as(str, data, name) for name in names):
        raise BadInput(f"{', '.join(names)} may not be empty")
    losses = _as(dict, data, "losses", {})
    return Outcome(
        **{name: data[name] for name in names},
        **{name: _as(str, data, name, "") for name in ("project", "profile", "version", "at")},
        number=number,
        checkpoint=_as(str, data, "checkpoint") if data.get("checkpoint") is not None else None,
        request=_request(_as(dict, data, "request")),
        score=score,
        passed=_as(bool, data, "passed"),
        losses={kind: _number(losses, kind) for kind in losses},
        corrections=tuple(_correction(one) for one in _as(list, data, "corrections", [])),
        cost_px=_number(data, "cost_px") if "cost_px" in data else 0.0,
        added=tuple(str(word) for word in _as(list, data, "added", [])),
        drawn={word: bool(here) for word, here in _as(dict, data, "drawn", {}).items()},
        person=_as(bool, data, "person") if data.get("person") is not None else None,
    )


def _request(data: Mapping[str, Any]) -> RenderRequest:
    _check_names(data, RenderRequest, "a request")
    return check_request(RenderRequest(**data))


def _correction(data: object) -> Correction:
    if not isinstance(data, dict):
        raise BadInput("a correction is an object")
    change = _as(dict, data, "change")
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in change.values()):
        raise BadInput("a change has two values for each name: before and after")
    return Correction(
        defect=_as(str, data, "defect"),
        reason=_as(str, data, "reason"),
        change={name: (pair[0], pair[1]) for name, pair in change.items()},
    )


def _as(kind: type[T], data: Mapping[str, Any], name: str, default: T | None = None) -> T:
    """Return a field of that kind; raises where it is missing without a default, or another."""
    if name not in data:
        if default is None:
            raise BadInput(f"{name} is missing")
        return default
    value = data[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadInput(f"{name} is {_KINDS[kind]}, not {value!r:.40}")
    return value


def _number(data: Mapping[str, Any], name: str) -> float:
    if isinstance(data.get(name), int) and not isinstance(data[name], bool):
        return float(data[name])
    value = _as(float, data, name)
    if not math.isfinite(value):
        raise BadInput(f"{name} is a number, not {value}")
    return value


def _check_names(data: Mapping[str, Any], kind: type[Any], name: str) -> None:
    """Refuse what lacks a field, or has one that this version does not know."""
    known = {field.name: field for field in fields(kind)}
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    if missing := sorted(needed - data.keys()):
        raise BadInput(f"{name} needs {', '.join(missing)}")
    if unknown := sorted(data.keys() - known.keys()):  # without it, the rest may mean otherwise
        raise BadInput(
            f"{name} has no {', '.join(unknown)} here; a newer version may have exported it"
        )
