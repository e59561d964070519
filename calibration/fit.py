"""Fit curves, gates and weights of the judgement to measured damage: `python -m calibration.fit`.

What is asked of the sum of losses A = Σ weight · amount, with score = exp(−A):

- clean art stays near 0, damage reaches `WANTED` for its severity: so 0.7 lies between what a
  careful person keeps (severity 1) and what not (severity 2 to 3);
- more of a damage loses more, each step by a margin;
- the loss is that of the kind which was done, so that the right defect is named;
- no amount of clean art reaches the bound of being named.

Numbers stay near their start (`start.py`, set by hand) where the data say nothing: a weak
quadratic prior.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from calibration import start
from calibration.damage import KINDS
from calibration.table import Row, read
from tower_anime.assess import fitted
from tower_anime.assess.checks import CHECKS, signals_of

WANTED = (0.0, 0.22, 0.5, 0.85, 1.3, 1.9)
"""Loss asked of severities 0 (clean) to 5: scores 1, 0.8, 0.6, 0.43, 0.27, 0.15."""

_CLEAN_MAY_LOSE = 0.2  # score 0.82
_STEP = 0.06  # by which a further severity should lose more
_UNNAMED = 0.33  # amount that clean art may show; named is 0.4
_OWN = 0.7  # amount that the right defect should show from severity 3 on
_CODED, _DRAWN = 0.8, 2.0  # what pictures count that came as lossy WebP, and ours: few
_HARD = {  # else lost among the easy
    "underexposed": 3.5,
    "overexposed": 2.0,
    "oversaturated": 2.0,
    "low_contrast": 1.5,
}
_PRIOR = 0.02
_MILD = 0.82  # of every fitted weight: art from elsewhere loses more than what was fitted
RULES = ("color_cast",)  # kinds judged by rules below, not by what they look like here
# rules: size is no damage, a tint may be meant, what stands there twice to the pixel is no chance,
# where no light is above 147 levels it may be meant as well: left to fit, every dull light counts
_FIXED = (
    *("shortfall", "cast", "speckled", "mosaic", "cloned", "coded"),
    *("dark", "unlit", "combed", "smeared", "undrawn"),
)
_FIXED_WEIGHTS = (
    *("resolution", "unsettled", "speckled", "mosaic", "cloned", "faded", "coded"),
    *("dark", "unlit", "bent", "stretched", "smeared", "soft_one_way"),
)
# how alike even blurs are in all directions, from where copies are no pattern, and how much white
# is no pastel: by eye; `coded`: what no clean picture shows together; `speckled`: see the docs
_FIXED_GATES = (
    *("directional", "dragged", "repeats", "blown_out", "grid"),
    *("at_the_wall", "in_all_tones", "clumped", "speckled", "textured", "contrasted", "whitened"),
)
_LIMITS = {"scale": (-1.5, 1.5), "knee": (-1.0, 2.0), "weight": (-1.2, 1.2)}  # ln of factors


@dataclass(frozen=True)
class Data:
    """Signals by name (NaN: not had), and for each row its kind, severity and picture."""

    signals: Mapping[str, NDArray[np.float64]]
    kinds: NDArray[np.str_]
    severities: NDArray[np.int64]
    counts: NDArray[np.float64]
    """What a row counts: less if it came coded, for its traces of a codec are there already."""
    steps: NDArray[np.int64]
    """Pairs of rows: less damaged, more damaged."""


def data_of(rows: Sequence[Row]) -> Data:
    """Turn measured rows into arrays; rows of one picture are compared with each other."""
    signals = [signals_of(row.values) for row in rows]
    names = sorted({name for found in signals for name in found})
    place = {(row.picture, row.way, row.kind, row.severity): i for i, row in enumerate(rows)}
    steps = [
        (place[before], i)
        for i, row in enumerate(rows)
        if row.severity
        for before in [_less(row)]
        if before in place
    ]
    return Data(
        signals={n: np.array([found.get(n, math.nan) for found in signals]) for n in names},
        kinds=np.array([row.kind for row in rows]),
        severities=np.array([row.severity for row in rows]),
        counts=np.array([_count(row.picture) for row in rows]),
        steps=np.array(steps),
    )


def _count(picture: str) -> float:
    if picture.startswith("drawn/"):
        return _DRAWN
    return _CODED if ".webp/" in picture else 1.0


def _less(row: Row) -> tuple[str, str, str, int]:
    if row.severity == 1:
        return row.picture, "", "clean", 0
    return row.picture, row.way, row.kind, row.severity - 1


# ---- the model, as `assess.checks` computes it ------------------------------------------------

Numbers = dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Layout:
    """Which number of the vector is what; all begin at 0 = as in `start`."""

    curves: tuple[str, ...]
    gates: tuple[str, ...]
    weights: tuple[str, ...]
    spread: Mapping[str, float]
    """Signal → the unit in which its onset moves: the spread of the signal over clean art."""

    @property
    def size(self) -> int:
        """How many numbers move."""
        return 3 * len(self.curves) + 2 * len(self.gates) + len(self.weights)


def layout_of(data: Data) -> Layout:
    """Return the layout for all numbers that the data can move."""
    return Layout(
        curves=tuple(name for name in start.CURVES if name not in _FIXED),
        gates=tuple(name for name in start.GATES if name not in _FIXED_GATES),
        weights=tuple(name for name in start.WEIGHTS if name not in _FIXED_WEIGHTS),
        spread={
            name: float(np.nanstd(values[np.isfinite(values)])) + 1e-6
            for name, values in data.signals.items()
        },
    )


def unpack(vector: Any, layout: Layout) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return curves, gates and weights that a vector of moves makes of those it began with."""
    curves: dict[str, Any] = {}
    weights: dict[str, Any] = {name: start.WEIGHTS[name] for name in _FIXED_WEIGHTS}
    gates = {name: start.GATES[name] for name in _FIXED_GATES}
    at = 0
    for name in layout.curves:
        begins, scale, knee = start.CURVES[name]
        move, stretch, soften = vector[at : at + 3]
        at += 3
        curves[name] = (
            begins + move * layout.spread[name],
            scale * anp.exp(stretch),
            knee * anp.exp(soften),
        )
    for name in layout.gates:
        middle, scale = start.GATES[name]
        move, stretch = vector[at : at + 2]
        at += 2
        gates[name] = (middle + move * layout.spread[name], scale * anp.exp(stretch))
    for name in layout.weights:
        weights[name] = start.WEIGHTS[name] * anp.exp(vector[at])
        at += 1
    return curves, gates, weights


def amounts(data: Data, curves: Any, gates: Any) -> dict[str, Any]:
    """Return check → amount of every row; what could not be had counts 0."""
    found = {}
    for check in CHECKS:
        if check.signal not in curves:
            continue
        values = data.signals[check.signal]
        begins, scale, knee = curves[check.signal]
        hurt = knee * anp.logaddexp(0.0, (np.nan_to_num(values) - begins) / (scale * knee))
        for gate in check.when:
            hurt = hurt * _holds(data.signals[gate], gates[gate], missing=1.0)
        for gate in check.unless:
            hurt = hurt * (1.0 - _holds(data.signals[gate], gates[gate], missing=0.0))
        found[check.name] = hurt * np.isfinite(values)
    return found


def _holds(values: NDArray[np.float64], gate: Any, *, missing: float) -> Any:
    middle, scale = gate
    x = (np.nan_to_num(values) - middle) / scale
    held = 0.5 * (1.0 + anp.tanh(x / 2))
    known = np.isfinite(values)
    return held * known + missing * (~known)


# ---- what is asked of it ----------------------------------------------------------------------


def objective(data: Data, layout: Layout) -> Any:
    """Return the function of the vector that is made small."""
    own = _own_checks(data)
    damaged = data.severities > 0
    serious = data.severities >= 3
    wanted = np.array(WANTED)[data.severities]
    share = _equal_shares(data)
    before, after = data.steps[:, 0], data.steps[:, 1]

    def loss(vector: Any) -> Any:
        curves, gates, weights = unpack(vector, layout)
        found = amounts(data, curves, gates)
        names = list(found)
        lost = {name: weights[name] * found[name] for name in names}
        total = sum(lost[name] for name in names)
        right = sum(lost[name] * own[name] for name in names)
        shown = sum(found[name] * own[name] for name in names)

        short = anp.maximum(wanted - total, 0.0) / (wanted + 0.2)
        surplus = anp.maximum(total - 1.6 * wanted - 0.2, 0.0) / (wanted + 0.5)
        damage = anp.sum((share * damaged) * (short**2 + 0.15 * surplus**2 / (1 + surplus)))
        over = anp.maximum(total - _CLEAN_MAY_LOSE, 0.0)
        clean = anp.sum((share * ~damaged) * over * over / (over + 0.15))
        named = sum(anp.maximum(found[name] - _UNNAMED, 0.0) for name in names)
        alarms = anp.sum((share * ~damaged) * named / (named + 0.1))
        gap = total[after] - total[before]
        order = anp.sum(share[after] * anp.logaddexp(0.0, (_STEP - gap) / 0.03) * 0.03)
        confused = -anp.log((right + 0.02) / (total + 0.02))
        unseen = anp.maximum(_OWN - shown, 0.0) / _OWN
        naming = anp.sum((share * serious) * (confused + unseen**2))
        return (
            damage
            + 25.0 * clean
            + 15.0 * alarms
            + 15.0 * order
            + 0.5 * naming
            + _PRIOR * anp.sum(vector**2)
        )

    return loss


def _own_checks(data: Data) -> dict[str, NDArray[np.float64]]:
    return {
        check.name: np.array(
            [kind in KINDS and check.kind in KINDS[kind].names for kind in data.kinds], np.float64
        )
        for check in CHECKS
    }


def _equal_shares(data: Data) -> NDArray[np.float64]:
    """Return a weight for each row: every kind counts alike, and clean art as one of them."""
    kinds, counts = np.unique(data.kinds, return_counts=True)
    of = {
        kind: _HARD.get(kind, 1.0) / count
        for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)
    }
    return data.counts * np.array([of[kind] for kind in data.kinds])


def fit(data: Data, *, rounds: int = 300) -> tuple[Any, Any, Any]:
    """Return curves, gates and weights fitted to the data."""
    layout = layout_of(data)
    loss = objective(data, layout)
    bounds = (
        [(-2.0, 2.0), _LIMITS["scale"], _LIMITS["knee"]] * len(layout.curves)
        + [(-1.0, 1.0), (-1.0, 1.0)] * len(layout.gates)
        + [_LIMITS["weight"]] * len(layout.weights)
    )
    begin = np.zeros(layout.size)
    found = minimize(
        autograd.value_and_grad(loss),
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": rounds},
    )
    print(f"objective {loss(begin):.3f} → {found.fun:.3f} in {found.nit} rounds", file=sys.stderr)
    return unpack(found.x, layout)


# ---- the file -----------------------------------------------------------------------------------

_HEAD = '''"""The numbers of the judgement of stills, written by `python -m calibration.fit`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

'''


def complete(curves: Any, gates: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Return the numbers with those that are rules and do not move."""
    return (
        {name: curves.get(name, start.CURVES[name]) for name in start.CURVES},
        {name: gates[name] for name in start.GATES},
        {
            name: it if name in _FIXED_WEIGHTS else _MILD * weights[name]
            for name, it in start.WEIGHTS.items()
        },
    )


def write(curves: Any, gates: Any, weights: Any) -> None:
    """Write the fitted numbers as the module that the product reads."""
    Path(fitted.__file__).write_text(
        _HEAD
        + _table("CURVES", "tuple[float, float, float]", curves)
        + '"""Signal → where it begins to hurt, by how much more of it the amount grows by 1, '
        'softness."""\n\n'
        + _table("GATES", "tuple[float, float]", gates)
        + '"""Signal as a circumstance → where it holds by half, how steeply."""\n\n'
        + _table("WEIGHTS", "float", weights)
        + '"""Check → what one unit of its amount takes from ln(score)."""\n'
    )


def _table(name: str, kind: str, values: Mapping[str, Any]) -> str:
    rows = "".join(f'        "{key}": {_number(value)},\n' for key, value in values.items())
    return f"{name}: Mapping[str, {kind}] = MappingProxyType(\n    {{\n{rows}    }}\n)\n"


def _number(value: Any) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_number(part) for part in value) + ")"
    return f"{float(value):.4g}" if float(value) % 1 else f"{float(value):.1f}"


def main(paths: Sequence[str]) -> None:
    """Fit to the tables of measurements at `paths` and write the numbers."""
    rows = [row for path in paths for row in read(Path(path)) if row.kind not in RULES]
    write(*complete(*fit(data_of(rows))))


if __name__ == "__main__":
    main(sys.argv[1:])
