"""Figures of a judgement on a table of measured damage: `python -m calibration.figures TABLE …`.

Sizes are left out of it: each picture is judged against its own size.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from calibration.damage import KINDS
from calibration.table import Row, read
from tower_anime.assess.judge import judge
from tower_anime.assess.profiles import STILL
from tower_anime.domain.quality import Measured

SERIOUS = 3
"""From this severity on a damage has to be rejected and named."""


@dataclass(frozen=True)
class Judged:
    """A row with its score and its defects: kind → severity, the worst first."""

    row: Row
    score: float
    defects: Mapping[str, float]

    @property
    def named(self) -> tuple[str, ...]:
        """The kinds of its defects, the worst first."""
        return tuple(self.defects)


@dataclass(frozen=True)
class OfKind:
    """Figures of one kind of damage, 0–1. `scores` are medians for severities 1 to 5."""

    spearman: float
    auc: float
    beaten: float
    named_first: float
    named: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Figures:
    """All figures of a table. `reliability`: score bin → share of it that is fit to keep."""

    kinds: Mapping[str, OfKind]
    macro_f1: float
    false_alarms: float
    clean_median: float
    clean_passed: float
    reliability: Mapping[str, tuple[float, int]]

    def mean(self, figure: str) -> float:
        """Return the mean of a figure over the usual eighteen kinds."""
        return float(np.mean([getattr(v, figure) for k, v in self.kinds.items() if k in USUAL]))

    def worst(self, figure: str) -> tuple[str, float]:
        """Return the usual kind where a figure is lowest."""
        kind = min(
            (k for k in self.kinds if k in USUAL), key=lambda k: getattr(self.kinds[k], figure)
        )
        return kind, getattr(self.kinds[kind], figure)


USUAL = frozenset(KINDS) - {"color_cast"}


def judged(rows: Iterable[Row]) -> list[Judged]:
    """Judge every row against a still of its own size."""
    found = []
    for row in rows:
        width, height = int(row.values["picture_width"]), int(row.values["picture_height"])
        measured = {name: Measured(value) for name, value in row.values.items()}
        assessment = judge(
            measured,
            kind="image",
            width=width,
            height=height,
            profile=replace(STILL, min_width=width, min_height=height),
        )
        score = 0.0 if assessment.score is None else assessment.score
        found.append(Judged(row, score, {d.kind: d.severity for d in assessment.defects}))
    return found


def figures(results: Sequence[Judged]) -> Figures:
    """Return all figures of judged rows."""
    clean = {r.row.picture: r for r in results if r.row.kind == "clean"}
    series: dict[str, dict[tuple[str, str], list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.row.kind != "clean":
            series[result.row.kind][result.row.picture, result.row.way].append(result)
    clean_scores = np.array([r.score for r in clean.values()])
    return Figures(
        kinds={kind: _of_kind(kind, found, clean, clean_scores) for kind, found in series.items()},
        macro_f1=macro_f1(results),
        false_alarms=false_alarms(list(clean.values())),
        clean_median=float(np.median(clean_scores)),
        clean_passed=float(np.mean(clean_scores >= STILL.threshold)),
        reliability=_reliability(results),
    )


def auc(above: Sequence[float], below: Sequence[float]) -> float:
    """Return the chance that one of `above` is higher than one of `below`."""
    a, b = np.asarray(above)[:, None], np.asarray(below)[None]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def _of_kind(
    kind: str,
    found: Mapping[tuple[str, str], list[Judged]],
    clean: Mapping[str, Judged],
    clean_scores: Sequence[float],
) -> OfKind:
    every = [result for results in found.values() for result in results]
    serious = [result for result in every if result.row.severity >= SERIOUS]
    own = KINDS[kind].names
    return OfKind(
        spearman=float(np.mean([_spearman([clean[p], *rs]) for (p, _), rs in found.items()])),
        auc=auc(clean_scores, [result.score for result in serious]),
        beaten=float(np.mean([r.score < clean[r.row.picture].score for r in every])),
        named_first=float(np.mean([bool(r.named) and r.named[0] in own for r in serious])),
        named=float(np.mean([any(name in own for name in r.named) for r in serious])),
        scores=tuple(
            float(np.median([r.score for r in every if r.row.severity == severity]))
            for severity in sorted({r.row.severity for r in every})
        ),
    )


def _spearman(results: Sequence[Judged]) -> float:
    scores = [-result.score for result in results]
    if len(set(scores)) == 1:
        return 0.0
    return float(spearmanr([result.row.severity for result in results], scores).statistic)


def macro_f1(results: Sequence[Judged]) -> float:
    """Return the mean F1 over defects, clean among them; the worst defect is the one named."""
    hits: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for result in results:
        if 0 < result.row.severity < SERIOUS or result.row.kind == "color_cast":
            continue
        truth = "clean" if result.row.kind == "clean" else KINDS[result.row.kind].names[0]
        said = result.named[0] if result.named else "clean"
        if result.row.kind != "clean" and said in KINDS[result.row.kind].names:
            said = truth
        if said == truth:
            hits[truth][0] += 1
        else:
            hits[said][1] += 1
            hits[truth][2] += 1
    truths = [h for h in hits.values() if h[0] + h[2]]
    return float(np.mean([2 * hit / (2 * hit + wrong + missed) for hit, wrong, missed in truths]))


def false_alarms(results: Sequence[Judged]) -> float:
    """Return the share of clean pictures of which a defect is named."""
    return float(np.mean([bool(r.named) for r in results if r.row.kind == "clean"]))


def _reliability(results: Sequence[Judged]) -> dict[str, tuple[float, int]]:
    """Return for each tenth of the score the share that is clean or hardly damaged."""
    bins: dict[str, tuple[float, int]] = {}
    for low in np.arange(0, 1, 0.1):
        inside = [r for r in results if low <= r.score < low + 0.1 or (low > 0.85 and r.score == 1)]
        if inside:
            kept = float(np.mean([r.row.severity <= 1 for r in inside]))
            bins[f"{low:.1f}–{low + 0.1:.1f}"] = (kept, len(inside))
    return bins


def report(found: Figures) -> None:
    """Print figures as Markdown."""
    print("| kind | ρ | AUC | beaten | named first | named | median score at severity 1–5 |")
    print("|---|---|---|---|---|---|---|")
    for kind, of in found.kinds.items():
        scores = " ".join(f"{score:.2f}" for score in of.scores)
        print(
            f"| {kind} | {of.spearman:.2f} | {of.auc:.3f} | {of.beaten:.2f} "
            f"| {of.named_first:.2f} | {of.named:.2f} | {scores} |"
        )
    worst, least = found.worst("beaten")
    print(f"\nρ {found.mean('spearman'):.3f} · AUC {found.mean('auc'):.3f}", end=" · ")
    print(f"beaten {found.mean('beaten'):.3f} (least {least:.2f}: {worst})", end=" · ")
    print(f"macro-F1 {found.macro_f1:.3f} · false alarms {found.false_alarms:.1%}", end=" · ")
    print(f"clean: median {found.clean_median:.2f}, {found.clean_passed:.1%} pass\n")
    print("| score | clean or severity 1 | pictures |")
    print("|---|---|---|")
    for name, (kept, count) in found.reliability.items():
        print(f"| {name} | {kept:.0%} | {count} |")


def main(paths: Sequence[str]) -> None:
    """Print the figures of tables."""
    report(figures(judged(row for path in paths for row in read(Path(path)))))


if __name__ == "__main__":
    main(sys.argv[1:])
