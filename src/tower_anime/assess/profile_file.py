"""A user's profile: a TOML table, checked key by key, on top of the profile of its kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tower_anime.assess import ruled, style
from tower_anime.assess.checks import CHECKS
from tower_anime.assess.metrics import METRICS
from tower_anime.assess.profiles import PROFILES
from tower_anime.domain.quality import Action, Profile, ReviewBy
from tower_anime.errors import BadInput

KEYS = (
    "name",
    "version",
    "based_on",
    "threshold",
    "min_width",
    "min_height",
    "review",
    "required",
    "actions",
    "severities",
    "relax",
)
"""What a profile may say."""

FIGURES = ("threshold", "min_width", "min_height")
"""Those of them that settings set as well; a file's own word counts before them."""

MAX_SIDE_PX = 16_384
_ACTING = (Action.REJECT, Action.REVIEW)

CLIP_KINDS = (
    "duration",
    "frame_rate",
    "frame_count",
    "dead",
    "frozen",
    "stutter",
    "flicker",
    "scene_jump",
    "black_frames",
    "drift",
    "loop_seam",
    "flash",
    "flash_sequence",
    "audio_missing",
    "av_length",
    "loudness",
    "delivery",
)
"""Defects that only clips have."""

KINDS = tuple(
    dict.fromkeys(
        (
            *(check.kind for check in CHECKS),
            *(metric.defect for metric in ruled.OPTIONAL.values() if metric.defect),
            *CLIP_KINDS,
            style.KIND,
        )
    )
)
"""Every defect that a profile may speak of."""

_ALL_METRICS = {**METRICS, **ruled.OPTIONAL}


def own_profile(table: Mapping[str, Any], *, kind: str, where: str) -> Profile:
    """Return the profile that a table describes, for files of a kind (`still`, `clip`).

    Raises:
        BadInput: names the key, and what is allowed.
    """
    _check_keys(table, KEYS, where)
    base = _base(table.get("based_on", kind), where)
    return replace(
        base,
        name=_name(table.get("name", base.name), where),
        version=_text(table.get("version", ""), "version", where),
        threshold=_number(table, "threshold", base.threshold, where, 0.0, 1.0),
        min_width=int(_number(table, "min_width", base.min_width, where, 1, MAX_SIDE_PX)),
        min_height=int(_number(table, "min_height", base.min_height, where, 1, MAX_SIDE_PX)),
        review=_review(table.get("review", base.review), where),
        required=_required(table, base, where),
        **_by_kind(table, base, where),
    )


def _by_kind(table: Mapping[str, Any], base: Profile, where: str) -> dict[str, Any]:
    actions = dict(base.actions)
    for kind, word in _kinds(table, "actions", where).items():
        actions[kind] = Action(_one_of(word, Action, f"{where}: actions.{kind}"))
    severities = dict(base.severities)
    for kind, value in _kinds(table, "severities", where).items():
        if actions.get(kind) not in _ACTING:
            raise BadInput(
                f"{where}: severities.{kind} says from when to act, but actions.{kind} is not "
                "reject or review"
            )
        severities[kind] = _share(value, f"{where}: severities.{kind}")
    relax = dict(base.relax)
    for kind, value in _kinds(table, "relax", where).items():
        relax[kind] = _share(value, f"{where}: relax.{kind}")
    return {
        "actions": MappingProxyType(actions),
        "severities": MappingProxyType(severities),
        "relax": MappingProxyType(relax),
    }


def _check_keys(table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise BadInput(f"{where}: unknown {key!r}; {_allowed(key, allowed)}")


def _allowed(word: object, allowed: Iterable[str]) -> str:
    words = tuple(allowed)
    near = difflib.get_close_matches(str(word), words, n=1)
    hint = f"nearest: {near[0]}; " if near else ""
    return f"{hint}allowed: {', '.join(words)}"


def _base(name: object, where: str) -> Profile:
    if not isinstance(name, str) or name not in PROFILES:
        raise BadInput(f"{where}: based_on is {name!r}; {_allowed(name, PROFILES)}")
    return PROFILES[name]


def _text(value: object, key: str, where: str) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}"
    if not isinstance(value, str) or len(value) > 80 or not (value.isprintable() or not value):
        raise BadInput(f"{where}: {key} is a short text, not {value!r}")
    return value.strip()


def _name(value: object, where: str) -> str:
    name = _text(value, "name", where)
    if not name or any(sign in name for sign in "/\\"):
        raise BadInput(f"{where}: name is a word without slashes, not {value!r}")
    return name


def _number(
    table: Mapping[str, Any], key: str, usual: float, where: str, low: float, high: float
) -> float:
    value = table.get(key, usual)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high or (high > 1 and value != int(value)):
        what = "a whole number" if high > 1 else "a number"
        raise BadInput(f"{where}: {key} is {what} from {low:g} to {high:g}, not {value!r}")
    return float(value)


def _share(value: object, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{where} is a number from 0 to 1, not {value!r}")
    return float(value)


def _review(value: object, where: str) -> ReviewBy:
    return ReviewBy(_one_of(value, ReviewBy, f"{where}: review"))


def _one_of(value: object, words: Iterable[str], what: str) -> str:
    allowed = [str(word) for word in words]
    if value not in allowed:
        raise BadInput(f"{what} is {value!r}; {_allowed(value, allowed)}")
    return str(value)


def _kinds(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise BadInput(f"{where}: {key} is a table of defects, not {found!r}")
    for kind in found:
        if kind not in KINDS:
            raise BadInput(f"{where}: {key} names {kind!r}; {_allowed(kind, KINDS)}")
    return found


def _required(table: Mapping[str, Any], base: Profile, where: str) -> tuple[str, ...]:
    """Return measurements; a defect stands for the measurements that are evidence for it."""
    if "required" not in table:
        return base.required
    names = table["required"]
    if not isinstance(names, list):
        raise BadInput(f"{where}: required is a list of checks or measurements, not {names!r}")
    found: dict[str, None] = {}
    for name in names:
        evidence = [metric for metric, row in _ALL_METRICS.items() if name in (metric, row.defect)]
        if not evidence:
            checks = dict.fromkeys(row.defect for row in _ALL_METRICS.values() if row.defect)
            allowed = (*checks, *_ALL_METRICS)
            raise BadInput(f"{where}: required names {name!r}; {_allowed(name, allowed)}")
        found.update(dict.fromkeys(evidence))
    return tuple(found)


def as_toml(profile: Profile) -> str:
    """Return a profile as the file that describes it."""
    lines = [
        f'name = "{profile.name}"',
        *([f'version = "{profile.version}"'] if profile.version else []),
        f"threshold = {profile.threshold:g}  # score that passes, 0 to 1",
        f"min_width = {profile.min_width}  # px; any aspect of the same area fits",
        f"min_height = {profile.min_height}",
        f'review = "{profile.review}"  # {", ".join(ReviewBy)}: who must agree',
        "required = [",
        *(f'  "{name}",' for name in profile.required),
        "]  # without these measurements nothing passes",
        "",
        f"[actions]  # {', '.join(Action)}; a defect that is not named here counts in the score",
        *(f'{kind} = "{action}"' for kind, action in profile.actions.items()),
        "",
        "[severities]  # from which severity, 0 to 1, reject and review act; else 0.42, clips 0.2",
        *(f"{kind} = {value:g}" for kind, value in profile.severities.items()),
        "",
        "[relax]  # the share, 0 to 1, of a defect that is forgiven whatever the prompt says",
        *(f"{kind} = {value:g}" for kind, value in profile.relax.items()),
    ]
    return "\n".join(lines) + "\n"
